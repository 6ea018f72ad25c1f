import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// eslint-disable-next-line @nx/enforce-module-boundaries -- every tool has the version of the workspace
import { version } from '../../../package.json';
import type { AddCommand } from '../command';
import { cannotProve } from '../residence/open-prover';
import type { Edition } from '../run-cli';
import { runProcess } from '../run-process';

/**
 * The entry of communique-tee.mjs, which bundle.mjs builds. In that file this module is CommonJS inside an ES module, so it cannot use a
 * top-level `await`.
 */
const sha256 = createHash('sha256')
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest('hex');

/** Adds a command that only prints where to prove. */
const inCheckout =
  (name: string): AddCommand =>
  (program, run) =>
    program
      .command(name)
      .summary('not in this file: proofs of residence are made in a checkout, or in the gateway’s page')
      .description('Proofs of residence are made with node tools/cli/bin.mjs in a checkout, or in the gateway’s page.')
      .allowUnknownOption()
      .allowExcessArguments()
      .action(
        run(() => {
          throw cannotProve();
        }),
      );

const auditors: Edition = {
  name: 'node communique-tee.mjs',
  version: `communique-tee ${version}\nSHA-256 of this file: ${sha256}`,
  more: [inCheckout('register'), inCheckout('prove')],
  firstSteps: (name) => `The first steps, with the PCR0 and PCR3 that the operator publishes
  ${name} verify --gateway https://communique.example.org --pcr0 <hex> --pcr3 <hex>
  ${name} receipt verify receipt.json --pcr0 <hex> --pcr3 <hex>
  ${name} image compare communique-tee.eif --pcr0 measurements.json

This file makes no proofs of residence (register, prove, send --residence): it has no WebAssembly. Prove in the gateway's
page, or with node tools/cli/bin.mjs in a checkout.
`,
};

void runProcess(auditors);

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// eslint-disable-next-line @nx/enforce-module-boundaries -- every tool has the version of the workspace
import { version } from '../../../package.json';
import type { Edition } from '../run-cli';
import { runProcess } from '../run-process';

/**
 * The entry of communique-tee.mjs (bundle.mjs makes it): the command without what serves development alone. The file is one
 * CommonJS module in an ES module, so this awaits nothing at its top level.
 */
const sha256 = createHash('sha256')
  .update(readFileSync(fileURLToPath(import.meta.url)))
  .digest('hex');

const auditors: Edition = {
  name: 'node communique-tee.mjs',
  version: `communique-tee ${version}\nSHA-256 of this file: ${sha256}`,
  more: [],
  firstSteps: (name) => `The first steps, with the PCR0 and PCR3 that the operator publishes
  ${name} verify --gateway https://communique.example.org --pcr0 <hex> --pcr3 <hex>
  ${name} receipt verify receipt.json --pcr0 <hex> --pcr3 <hex>
  ${name} image compare communique-tee.eif --pcr0 measurements.json
`,
};

void runProcess(auditors);

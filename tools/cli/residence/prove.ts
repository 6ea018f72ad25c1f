import { attestedResidence, fetchListAddress, orResidenceUnavailable } from '@communique-tee/client';
import { randomBytes } from 'node:crypto';
import type { AddCommand } from '../command';
import { EXIT } from '../failure';
import { attestedKey, enclaveClock, reaching } from '../gateway';
import {
  gatewayOf,
  gatewayOption,
  jsonOption,
  stateOption,
  type GatewayOption,
  type JsonOption,
  type StateOption,
} from '../options';
import { json, rows } from '../output/terminal';
import { policyOf, trustOf, trustOptions, type TrustOptions } from '../trust';
import { proveOptions, readyToProve, type ProveOptions } from './prove-options';

const after = (name: string) => `
Nothing is sent: the proof is made for random bytes, and discarded. It shows whether a message could be proven now, and which
offices it can go to. The command keeps the registrar's list and uses it for a day, unless the list's root ends within a day.

Exit code
  0  a proof was made
  1  refused: you do not accept the enclave, or the enclave demands another proof
  2  an argument or a file was not understood, or no registration is kept here: the error says which
  3  the gateway, the registrar's list or a file that proving needs could not be reached; or you are not on the list

Examples
  ${name} prove --campaign-note campaign.note --policy policy.json
`;

interface Options extends TrustOptions, GatewayOption, StateOption, JsonOption, ProveOptions {}

export const prove: AddCommand = (program, run) => {
  const command = program
    .command('prove')
    .summary('check that a proof of residence can be made now, and for which offices; sends nothing')
    .description(
      'Checks that a proof of residence can be made: reads the list, proves for random bytes, sends nothing.',
    );
  for (const add of [proveOptions, stateOption, jsonOption]) add(command);
  gatewayOption(command);
  return trustOptions(command)
    .addHelpText('after', after(program.name()))
    .action(
      run(async (context, options: Options) => {
        const { officesOfDistrict } = await import('@communique-tee/client/residence');
        const gateway = gatewayOf(options, context.environment);
        const policy = policyOf(trustOf(options));
        const { residence, onState, opened } = await readyToProve(options, context);
        try {
          const { district } = residence.registration;
          const offices = officesOfDistrict(district);
          context.err(`  ${district}: ${offices.join(' ') || 'no office'}\n`);
          const key = await attestedKey(gateway, policy, context.signal);
          const nowSeconds = enclaveClock(key);
          const attested = attestedResidence(key, residence);
          if (attested === null) throw new TypeError('a residence was given');
          const { files } = residence;
          const question = {
            ...residence,
            files: () =>
              files === undefined
                ? reaching(gateway, () => fetchListAddress(gateway, context.signal))
                : Promise.resolve(files),
            attested,
            nowSeconds,
            signal: context.signal,
            onState,
          };
          const prepared = await orResidenceUnavailable(() => residence.prover.prepare(question));
          const startedMs = performance.now();
          const { proof } = await orResidenceUnavailable(() => prepared.prove(randomBytes(32), randomBytes(32)));
          const tookMs = Math.round(performance.now() - startedMs);
          const until = new Date(prepared.notAfterSeconds * 1000).toISOString();
          context.out(
            options.json === true
              ? json({
                  proven: true,
                  registrar: attested.registrar,
                  campaign: prepared.campaign,
                  district,
                  offices,
                  until,
                  proof_bytes: proof.length,
                  took_ms: tookMs,
                })
              : `${context.paint('PROVEN', 'good')}  nothing was sent\n${rows([
                  ['registrar', attested.registrar],
                  ['campaign', prepared.campaign],
                  ['district', district],
                  ['offices', offices.join(' ')],
                  ['until', until],
                  ['proof', `${String(proof.length)} bytes in ${String(tookMs)} ms`],
                ])}`,
          );
          return EXIT.done;
        } finally {
          opened.close();
        }
      }),
    );
};

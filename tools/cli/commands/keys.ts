import { decodeJson, toHex } from '@communique-tee/protocol';
import * as z from 'zod';
import type { AddCommand } from '../command';
import { EXIT, Failure } from '../failure';
import { attestedKey, fetchBounded } from '../gateway';
import { gatewayOf, gatewayOption, jsonOption, type GatewayOption, type JsonOption } from '../options';
import { iso, json, printable, rows } from '../output/terminal';
import { acceptsAnyOperator, policyOf, trustOf, trustOptions, type TrustOptions } from '../trust';
import { OPERATOR_WARNING, ROOT_WARNING } from '../verify/report';

const after = (name: string) => `
Exit code
  0  the attested key is shown
  1  the enclave is not one that you accept
  2  an argument or the policy was not understood: the error names it
  3  the gateway could not be reached

Examples
  ${name} keys --pcr0 <hex> --pcr3 <hex> --gateway https://communique.example.org
  ${name} keys --pcr0 <hex> --pcr3 <hex> --development-root .dev/development-root.pem --all --json
`;

/** The part of the answer of /api/health/tee that is about keys. */
const healthSchema = z.looseObject({
  details: z.looseObject({
    keys: z.looseObject({
      enclaves: z
        .array(
          z.object({
            index: z.int(),
            custody: z.string().nullable(),
            state: z.string(),
            keyId: z.string().nullable(),
            held: z.int().nullable(),
            kms: z.string().nullable(),
          }),
        )
        .max(64),
    }),
  }),
});
type Held = z.infer<typeof healthSchema>['details']['keys']['enclaves'];

interface Options extends TrustOptions, GatewayOption, JsonOption {
  readonly all?: boolean;
}

export const keys: AddCommand = (program, run) => {
  const command = program
    .command('keys')
    .summary('the key that messages are sealed to, verified, and who can restore it')
    .description(
      'Asks for an attestation document with a fresh nonce, verifies it, and shows the key that messages are sealed to now, and its custody: who can restore the key.',
    )
    .option('--all', 'also the keys that the gateway reports for each enclave (/api/health/tee); those are not signed');
  jsonOption(gatewayOption(command));
  return trustOptions(command)
    .addHelpText('after', after(program.name()))
    .action(
      run(async ({ out, paint, environment, signal }, options: Options) => {
        const trust = trustOf(options);
        const gateway = gatewayOf(options, environment);
        const key = await attestedKey(gateway, policyOf(trust), signal);
        const held = options.all === true ? await heldKeys(gateway) : undefined;
        const { attestation } = key;
        const ownRoot = trust.developmentRootPem !== undefined;
        const acceptsAny = acceptsAnyOperator(trust);
        if (options.json === true) {
          out(
            json({
              attested: {
                key_id: toHex(key.keyId),
                public_key: toHex(key.publicKey),
                receipt_key: toHex(key.receiptKey),
                custody: key.custody,
                pcr0: attestation.pcr0,
                pcr3: attestation.pcr3 ?? null,
                module_id: attestation.moduleId,
                made_at: iso(attestation.timestampMs),
                own_root: ownRoot,
                any_operator: acceptsAny,
              },
              ...(held && { server_says: { enclaves: held } }),
            }),
          );
          return EXIT.done;
        }
        out(
          [
            `${paint('ATTESTED', 'good')}  ${printable(attestation.moduleId)}\n`,
            ownRoot ? `${paint('WARNING', 'warn')}  ${ROOT_WARNING}\n` : '',
            acceptsAny ? `${paint('WARNING', 'warn')}  ${OPERATOR_WARNING}\n` : '',
            rows([
              ['key id', toHex(key.keyId)],
              ['public key', toHex(key.publicKey)],
              ['receipt key', toHex(key.receiptKey)],
              [
                'custody',
                key.custody === 'process'
                  ? 'process: no one can restore a key; it ends with the enclave, or 8 days and an hour after it was made'
                  : printable(key.custody),
              ],
              ['PCR0', attestation.pcr0],
              ['PCR3', attestation.pcr3 ?? 'zero: the parent has no role, so the document names no operator'],
              ['made', iso(attestation.timestampMs)],
            ]),
            held === undefined ? '' : heldText(held),
          ].join(''),
        );
        return EXIT.done;
      }),
    );
};

function heldText(held: Held): string {
  const lines = held.map(({ index, state, keyId, held: count, custody, kms }) => {
    const more = [
      count === null ? '' : `holds ${String(count)}`,
      custody === null ? '' : `custody ${custody}`,
      kms === null ? '' : `KMS: ${kms}`,
    ]
      .filter((text) => text !== '')
      .join(', ');
    return `  enclave ${String(index).padEnd(4)}${printable(state).padEnd(9)}${keyId === null ? 'no key' : printable(keyId)}${more === '' ? '' : `  ${printable(more)}`}\n`;
  });
  return `\nReported by the gateway; not signed:\n${lines.join('')}`;
}

/**
 * Returns the keys that the gateway reports. Reads an answer with status 503 too: its body has the same form.
 * @throws Failure `unreachable`
 */
async function heldKeys(gateway: URL): Promise<Held> {
  const { body } = await fetchBounded(new URL('/api/health/tee', gateway), {
    accept: 'application/json',
    maxBytes: 256 * 1024,
    timeoutMs: 15_000,
  });
  try {
    return healthSchema.parse(decodeJson(body)).details.keys.enclaves;
  } catch (cause) {
    throw new Failure('unreachable', `${gateway.host} reports no keys that this version understands`, cause);
  }
}

import { toHex } from '@communique-tee/protocol';
import * as z from 'zod';
import { GATEWAY_HELP, GATEWAY_OPTION, gatewayOf } from '../options';
import { noPositional, readArguments } from '../arguments/read-arguments';
import { TRUST_HELP, TRUST_OPTIONS, policyOf, trustOf } from '../trust';
import type { Command } from '../command';
import { EXIT, Failure } from '../failure';
import { fetchBounded } from '../fetch-bounded';
import { attestedKey } from '../gateway';
import { iso, json, printable, rows } from '../output/terminal';
import { ROOT_WARNING } from '../verify/report';

const help = `Shows the key that messages are sealed to now, out of an attestation document that is asked for with a fresh nonce and verified; and its
custody: who can bring the key back.

  npx communique-tee keys --pcr0 <hex> [options]

  --all               also what the server says of the keys that each enclave holds (/api/health/tee). Nobody has signed that
${GATEWAY_HELP}  --json              prints one JSON object

${TRUST_HELP}
Exit code
  0  the attested key is shown
  1  the enclave is not one that you trust
  2  not understood: the arguments
  3  the gateway could not be reached

Examples
  npx communique-tee keys --pcr0 <hex> --gateway https://communique.example.org
  npx communique-tee keys --pcr0 <hex> --development-root .dev/development-root.pem --all --json
`;

/** The part of /api/health/tee that is about keys; the rest is of no interest here. */
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

export const keys: Command = {
  name: 'keys',
  summary: 'the key that messages are sealed to, verified, and who can bring it back',
  help,
  async run(argv, { out, paint, environment }) {
    const { values, positionals } = readArguments(argv, {
      ...TRUST_OPTIONS,
      ...GATEWAY_OPTION,
      all: { type: 'boolean' },
    });
    noPositional(positionals);
    const trust = trustOf(values);
    const gateway = gatewayOf(values.gateway, environment);
    const key = await attestedKey(gateway, policyOf(trust));
    const held = values.all === true ? await heldKeys(gateway) : undefined;
    const { attestation } = key;
    const ownRoot = trust.developmentRootPem !== undefined;
    if (values.json === true) {
      out(
        json({
          attested: {
            key_id: toHex(key.keyId),
            public_key: toHex(key.publicKey),
            receipt_key: toHex(key.receiptKey),
            custody: key.custody,
            pcr0: attestation.pcr0,
            module_id: attestation.moduleId,
            made_at: iso(attestation.timestampMs),
            own_root: ownRoot,
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
        rows([
          ['key id', toHex(key.keyId)],
          ['public key', toHex(key.publicKey)],
          ['receipt key', toHex(key.receiptKey)],
          [
            'custody',
            key.custody === 'process'
              ? 'process: nobody can bring the keys back; they end with the enclave'
              : printable(key.custody),
          ],
          ['PCR0', attestation.pcr0],
          ['made', iso(attestation.timestampMs)],
        ]),
        held === undefined ? '' : heldText(held),
      ].join(''),
    );
    return EXIT.done;
  },
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
  return `\nThe server's word; nothing of it is signed:\n${lines.join('')}`;
}

/** 503 has the same body, and is what it looks like just when one wants to know. @throws Failure `unreachable` */
async function heldKeys(gateway: URL): Promise<Held> {
  const { body } = await fetchBounded(new URL('/api/health/tee', gateway), {
    accept: 'application/json',
    maxBytes: 256 * 1024,
    timeoutMs: 15_000,
  });
  try {
    return healthSchema.parse(JSON.parse(Buffer.from(body).toString('utf8'))).details.keys.enclaves;
  } catch (cause) {
    throw new Failure('unreachable', `${gateway.host} says nothing of keys that can be understood`, cause);
  }
}

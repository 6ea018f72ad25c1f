import { prepareMessage } from '@communique-tee/client';
import { toHex } from '@communique-tee/protocol';
import { writeFileSync } from 'node:fs';
import { GATEWAY_HELP, GATEWAY_OPTION, gatewayOf } from '../options';
import { noPositional, readArguments } from '../arguments/read-arguments';
import { TRUST_HELP, TRUST_OPTIONS, policyOf, trustOf } from '../trust';
import type { Command } from '../command';
import { EXIT, Failure, messageOf, usage } from '../failure';
import { attestedKey } from '../gateway';
import { json } from '../output/terminal';
import { readMessage } from '../read-message';

const help = `Seals a message to the key of an attested enclave, into a file that can be posted with curl. Prints its id. What would open the
answer is not kept: to send a message and hear of it, use send.

  npx communique-tee seal --message <file.json> --out <file.cbor> --pcr0 <hex> [options]

  --message <file>    JSON in the shape of docs/message.md; docs/examples/message.json is one
  --out <file>        where the sealed message goes (CBOR)
${GATEWAY_HELP}  --json              prints one JSON object

${TRUST_HELP}
Exit code
  0  sealed
  1  the enclave is not one that you trust
  2  not understood: the arguments, the message
  3  the gateway could not be reached, or a file not be read or written

Example
  npx communique-tee seal --message docs/examples/message.json --out sealed.cbor --pcr0 <hex>
`;

export const seal: Command = {
  name: 'seal',
  summary: 'a message into a file, to be posted by other means',
  help,
  async run(argv, { out, environment }) {
    const { values, positionals } = readArguments(argv, {
      ...TRUST_OPTIONS,
      ...GATEWAY_OPTION,
      message: { type: 'string' },
      out: { type: 'string' },
    });
    noPositional(positionals);
    const { message, out: file } = values;
    if (message === undefined || file === undefined) throw usage('--message and --out are required');
    const policy = policyOf(trustOf(values));
    const gateway = gatewayOf(values.gateway, environment);
    const content = readMessage(message);
    const { id, sealed, sealedSha256 } = prepareMessage(content, await attestedKey(gateway, policy));
    try {
      writeFileSync(file, sealed);
    } catch (cause) {
      throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
    }
    out(
      values.json === true
        ? json({ id, file, sealed_bytes: sealed.length, sealed_sha256: toHex(sealedSha256) })
        : `${id}\n`,
    );
    return EXIT.done;
  },
};

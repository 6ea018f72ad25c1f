import { prepareMessage } from '@communique-tee/client';
import { toHex } from '@communique-tee/protocol';
import { writeFileSync } from 'node:fs';
import type { AddCommand } from '../command';
import { EXIT, Failure, messageOf, usage } from '../failure';
import { attestedKey } from '../gateway';
import { gatewayOf, gatewayOption, jsonOption, type GatewayOption, type JsonOption } from '../options';
import { json } from '../output/terminal';
import { readMessage } from '../read-message';
import { policyOf, trustOf, trustOptions, type TrustOptions } from '../trust';

const after = (name: string) => `
Exit code
  0  sealed
  1  the enclave is not one that you accept
  2  an argument, the message or the policy was not understood: the error names it
  3  the gateway could not be reached, or a file could not be read or written

Example
  ${name} seal --message docs/examples/message.json --out sealed.cbor --pcr0 <hex> --pcr3 <hex>
`;

interface Options extends TrustOptions, GatewayOption, JsonOption {
  readonly message?: string;
  readonly out?: string;
}

export const seal: AddCommand = (program, run) => {
  const command = program
    .command('seal')
    .summary('seal a message into a file, to post it by other means')
    .description(
      'Seals a message to the key of an attested enclave, into a file that can be posted with curl, and prints the id of the message. The command does not keep the key to the answer: to send a message and read the answer, use send.',
    )
    .option('--message <file>', 'JSON in the shape of docs/message.md; docs/examples/message.json is one')
    .option('--out <file>', 'where the sealed message goes (CBOR)');
  jsonOption(gatewayOption(command));
  return trustOptions(command)
    .addHelpText('after', after(program.name()))
    .action(
      run(async ({ out, environment, signal }, options: Options) => {
        const { message, out: file } = options;
        if (message === undefined || file === undefined) throw usage('--message and --out are required');
        const policy = policyOf(trustOf(options));
        const gateway = gatewayOf(options, environment);
        const content = readMessage(message);
        const { id, sealed, sealedSha256 } = prepareMessage(content, await attestedKey(gateway, policy, signal));
        try {
          writeFileSync(file, sealed);
        } catch (cause) {
          throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
        }
        out(
          options.json === true
            ? json({ id, file, sealed_bytes: sealed.length, sealed_sha256: toHex(sealedSha256) })
            : `${id}\n`,
        );
        return EXIT.done;
      }),
    );
};

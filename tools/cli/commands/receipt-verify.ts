import { verifyEnclave } from '@communique-tee/enclave-identity';
import {
  decodeSealedMessage,
  fromBase64Url,
  LIMITS,
  messageIdToText,
  receiptSchema,
  toBase64Url,
  toHex,
  type Receipt,
} from '@communique-tee/protocol';
import { messageNamedBy, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { createHash } from 'node:crypto';
import type { AddCommand } from '../command';
import { EXIT, Failure } from '../failure';
import { readJsonFile, readLimited } from '../files';
import { jsonOption, type JsonOption } from '../options';
import { describe, fields } from '../output/describe-attestation';
import { iso, json, printable, rows, type Paint } from '../output/terminal';
import { acceptsAnyOperator, anchorOf, trustOf, trustOptions, type Trust, type TrustOptions } from '../trust';
import { OPERATOR_WARNING, ROOT_WARNING } from '../verify/report';

const MAX_BYTES = 128 * 1024;

const after = (name: string) => `
A verified receipt proves that an enclave of that image, run by that operator, reports these outcomes for these sealed bytes at that
time. It does not prove what the message said, who sent it, or that a person read it. Only the sender can see which office is which:
use status.

Exit code
  0  verified
  1  not verified: the code says by which check
  2  an argument or the policy was not understood, or the file holds no receipt: the error says which
  3  a file could not be read

Example
  ${name} receipt verify receipt.json --pcr0 <hex> --pcr3 <hex>
`;

interface Options extends TrustOptions, JsonOption {
  readonly sealed?: string;
}

export const receipt: AddCommand = (program, run) => {
  const group = program
    .command('receipt')
    .helpCommand(false)
    .summary('receipt verify: a receipt, without asking a server')
    .description('Commands for receipts: receipt verify checks one that status --receipt wrote.');
  const command = group
    .command('verify')
    .summary('a receipt, without asking a server')
    .description(
      "Verifies a receipt without asking a server, even years later: first the attestation document in it, at the receipt's own time, then the receipt under the key that the document attests.",
    )
    .argument(
      '<file>',
      'the receipt, as status --receipt writes it; or the JSON of status --json, or of GET /api/messages/<id>',
    )
    .option(
      '--sealed <file>',
      'the sealed message (CBOR) that the receipt must be for. Without it, compare the message id that is shown with yours',
    );
  return trustOptions(jsonOption(command), { maxAge: false })
    .addHelpText('after', after(program.name()))
    .action(
      run(async ({ out, paint }, file: string, options: Options) => {
        const trust = trustOf(options);
        const signed = receiptIn(readJsonFile(file, MAX_BYTES));
        const expected = options.sealed === undefined ? undefined : sealedIn(options.sealed);
        const verified = await check(signed, expected, trust);
        const compared = expected !== undefined;
        out(options.json === true ? asJson(verified, compared, trust) : asText(verified, compared, trust, paint));
        return EXIT.done;
      }),
    );
};

interface About {
  readonly messageId: string;
  readonly sealedSha256: Uint8Array;
}

async function check(receipt: Receipt, expected: About | undefined, trust: Trust): Promise<VerifiedReceipt> {
  const trustAnchor = anchorOf(trust);
  return verifyReceipt(receipt, {
    verifyEnclave,
    acceptedMeasurements: trust.measurements,
    ...(trust.custody && { acceptedCustody: trust.custody }),
    ...(trustAnchor && { trustAnchor }),
    ...(expected ?? messageNamedBy(receipt)),
  });
}

/** @throws Failure `not_understood` */
function receiptIn(value: unknown): Receipt {
  const outer =
    typeof value === 'object' && value !== null && 'receipt' in value && typeof value.receipt === 'object'
      ? value.receipt
      : value;
  const parsed = receiptSchema.safeParse(outer);
  if (!parsed.success)
    throw new Failure(
      'not_understood',
      outer === null ? 'there is no receipt yet in this file' : 'this file holds no receipt',
    );
  return parsed.data;
}

/** @throws Failure `not_understood`, `file_unreadable` */
function sealedIn(file: string): About {
  const bytes = readLimited(file, LIMITS.maxSealedMessageBytes);
  try {
    return {
      messageId: messageIdToText(decodeSealedMessage(bytes).messageId),
      sealedSha256: new Uint8Array(createHash('sha256').update(bytes).digest()),
    };
  } catch (cause) {
    throw new Failure('not_understood', `${file} holds no sealed message`, cause);
  }
}

function asText({ claims, enclave }: VerifiedReceipt, compared: boolean, trust: Trust, paint: Paint): string {
  const warning = (text: string) => `${paint('WARNING', 'warn')}  ${text}\n`;
  return [
    `${paint('VERIFIED', 'good')}  signed ${iso(claims.time * 1000)} in ${printable(enclave.attestation.moduleId)}\n`,
    trust.developmentRootPem === undefined ? '' : warning(ROOT_WARNING),
    acceptsAnyOperator(trust) ? warning(OPERATOR_WARNING) : '',
    compared ? '' : warning('the receipt was not compared with a sealed message (--sealed): is this message id yours?'),
    rows([
      ['message', claims.message_id],
      ['sealed', `SHA-256 ${toHex(fromBase64Url(claims.sealed_sha256))}, ${claims.suite}`],
      ...claims.offices.map(({ outcome, commitment }, at): [string, string] => [
        `office ${String(at + 1)}`,
        `${outcome.padEnd(10)} commitment ${commitment}`,
      ]),
    ]),
    '\nThe attestation document in the receipt:\n',
    describe({ ...enclave.attestation, keys: enclave }, claims.time * 1000).join('\n'),
    '\n',
  ].join('');
}

function asJson({ claims, enclave }: VerifiedReceipt, compared: boolean, trust: Trust): string {
  return json({
    verified: true,
    compared_with_sealed_message: compared,
    own_root: trust.developmentRootPem !== undefined,
    any_operator: acceptsAnyOperator(trust),
    claims,
    document_sha256: toBase64Url(enclave.attestation.documentSha256),
    attestation: fields({ ...enclave.attestation, keys: enclave }),
  });
}

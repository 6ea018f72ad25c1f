import { verifyAttestation } from '@communique-tee/attestation';
import {
  decodeSealedMessage,
  fromBase64Url,
  LIMITS,
  messageIdToText,
  receiptClaimsSchema,
  receiptSchema,
  toBase64Url,
  type Receipt,
  type ReceiptClaims,
} from '@communique-tee/protocol';
import { ReceiptError, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { createHash } from 'node:crypto';
import { onePositional, readArguments } from '../arguments/read-arguments';
import { TRUST_OPTIONS, anchorOf, measurementsOf, trustOf, type Trust } from '../trust';
import type { Command } from '../command';
import { EXIT, Failure, usage } from '../failure';
import { readJsonFile, readLimited } from '../files';
import { describe, fields, keyBinding } from '../output/describe-attestation';
import { iso, json, printable, rows, type Paint } from '../output/terminal';
import { ROOT_WARNING } from '../verify/report';

const MAX_BYTES = 128 * 1024;

const help = `Verifies a receipt, without asking anybody, years later if need be: the attestation document that it carries is verified at the receipt's
own time, and the receipt under the key that the document attests.

  npx communique-tee receipt verify <file> --pcr0 <hex> [options]

  <file>              the receipt, as status --receipt writes it; or the JSON of status --json, or of GET /api/messages/<id>
  --sealed <file>     the sealed message (CBOR) that it has to be about. Without it the receipt is shown with the message that it
                      names: compare that with yours
  --pcr0 <hex>,...    accepted PCR0 values, 96 hexadecimal digits each (SHA-384). There is no default
  --custody <who>     who may have been able to bring the enclave's keys back: process (nobody), or the ARN of a KMS key alias
  --development-root <pem>
                      trusts the root certificate in this file instead of AWS's: for development only
  --json              prints one JSON object

It proves that an enclave of that measurement reports these outcomes for these sealed bytes at that time. It does not prove what the
message said, who sent it, or that anybody read it. Which office is which, only the sender can tell (status).

Exit code
  0  verified
  1  not verified: the code says by which check
  2  not understood: the arguments, or the file holds no receipt
  3  a file could not be read

Example
  npx communique-tee receipt verify receipt.json --pcr0 <hex>
`;

export const receiptVerify: Command = {
  name: 'receipt verify',
  summary: 'a receipt, without asking anybody',
  help,
  async run(argv, { out, paint }) {
    const { values, positionals } = readArguments(argv, { ...TRUST_OPTIONS, sealed: { type: 'string' } });
    const file = onePositional(positionals, 'the file of a receipt');
    if (values['max-age'] !== undefined)
      throw usage('--max-age has no meaning here: a receipt is verified at its own time');
    const trust = trustOf(values);
    const receipt = receiptIn(readJsonFile(file, MAX_BYTES));
    const expected = values.sealed === undefined ? undefined : sealedIn(values.sealed);
    const verified = await check(receipt, expected, trust);
    out(
      values.json === true
        ? asJson(verified, expected !== undefined, trust)
        : asText(verified, expected !== undefined, trust, paint),
    );
    return EXIT.done;
  },
};

interface About {
  readonly messageId: string;
  readonly sealedSha256: Uint8Array;
}

async function check(receipt: Receipt, expected: About | undefined, trust: Trust): Promise<VerifiedReceipt> {
  const trustAnchor = anchorOf(trust);
  const verified = await verifyReceipt(receipt, {
    verifyAttestation,
    acceptedMeasurements: measurementsOf(trust),
    ...(trustAnchor && { trustAnchor }),
    ...(expected ?? claimedIn(receipt)),
  });
  const custody = verified.attestation.userData && keyBinding(verified.attestation.userData)?.custody;
  if (trust.custody !== undefined && (custody === undefined || !trust.custody.includes(custody)))
    throw new ReceiptError('ERR_RECEIPT_KEY_BINDING', 'the keys were guarded in a way that --custody does not accept');
  return verified;
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

/** What the receipt itself says that it is about; verifyReceipt then verifies that it says so. */
function claimedIn({ receipt }: Receipt): About {
  let claims: ReceiptClaims;
  try {
    claims = receiptClaimsSchema.parse(
      JSON.parse(Buffer.from(receipt.split('.')[1] ?? '', 'base64url').toString('utf8')),
    );
  } catch (cause) {
    throw new ReceiptError('ERR_RECEIPT_MALFORMED', 'the claims are not those of a receipt', { cause });
  }
  return { messageId: claims.message_id, sealedSha256: fromBase64Url(claims.sealed_sha256) };
}

function asText({ claims, attestation }: VerifiedReceipt, compared: boolean, trust: Trust, paint: Paint): string {
  const warning = (text: string) => `${paint('WARNING', 'warn')}  ${text}\n`;
  return [
    `${paint('VERIFIED', 'good')}  signed ${iso(claims.time * 1000)} in ${printable(attestation.moduleId)}\n`,
    trust.developmentRootPem === undefined ? '' : warning(ROOT_WARNING),
    compared ? '' : warning('it was compared with no sealed message (--sealed): is this message id yours?'),
    rows([
      ['message', claims.message_id],
      ['sealed', `SHA-256 ${Buffer.from(claims.sealed_sha256, 'base64url').toString('hex')}, ${claims.suite}`],
      ...claims.offices.map(({ outcome, commitment }, at): [string, string] => [
        `office ${String(at + 1)}`,
        `${outcome.padEnd(10)} commitment ${commitment}`,
      ]),
    ]),
    '\nThe document that vouches for it:\n',
    describe(attestation, claims.time * 1000).join('\n'),
    '\n',
  ].join('');
}

function asJson({ claims, attestation }: VerifiedReceipt, compared: boolean, trust: Trust): string {
  return json({
    verified: true,
    compared_with_sealed_message: compared,
    own_root: trust.developmentRootPem !== undefined,
    claims,
    document_sha256: toBase64Url(attestation.documentSha256),
    attestation: fields(attestation),
  });
}

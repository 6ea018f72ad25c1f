import { authorize } from '../authorization/authorize';
import { KmsFailure } from '../failure';
import type { EncryptionContext } from '../keys/ciphertext';
import { checkUsable, type KeyStore, type NamedKey } from '../keys/key-store';
import type { AttestedRecipient, RecipientVerifier } from '../recipient/attestation';
import { envelopedData, type EnvelopeForm } from '../recipient/enveloped-data';
import type { Caller } from '../signature/credentials';
import { bytes, flag, oneOf, structure, text, type Fields } from './fields';

/** The input of an operation: one request of one caller. */
export interface Call {
  fields: Fields;
  caller: Caller;
  keys: KeyStore;
  recipients: RecipientVerifier;
  region: string;
  account: string;
  nowMs: number;
  envelope: EnvelopeForm;
  /** Adds these facts about the call to the log of requests. */
  note(seen: { keyArn?: string; encryptionContext?: EncryptionContext; attestedPcr0?: string }): void;
}

export type Answer = Record<string, unknown>;
export type Operation = (call: Call) => Promise<Answer> | Answer;

export const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');

/** Checks the caller's access and then the key's state, so that a caller without access does not learn the state. */
export function permit(
  call: Call,
  action: string,
  named: NamedKey,
  extra: { context?: EncryptionContext; recipient?: AttestedRecipient | undefined } = {},
): void {
  const { key, requestAlias } = named;
  call.note({ keyArn: key.arn, ...(extra.context && { encryptionContext: extra.context }) });
  authorize({
    action,
    caller: call.caller,
    account: call.account,
    region: call.region,
    nowMs: call.nowMs,
    key,
    aliases: call.keys.aliasesOf(key),
    ...(requestAlias !== undefined && { requestAlias }),
    ...(extra.context && { context: extra.context }),
    ...(extra.recipient && { recipient: extra.recipient.conditionKeys }),
  });
  if (action !== 'kms:DescribeKey') checkUsable(key);
}

/** Throws if the request is a dry run, which passed all checks. @throws KmsFailure DryRunOperationException */
export function endDryRun({ fields }: Call): void {
  if (flag(fields, 'DryRun'))
    throw new KmsFailure('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
}

/** Returns the verified `Recipient` of the call, if it has one. @throws KmsFailure ValidationException */
export async function recipientOf(call: Call): Promise<AttestedRecipient | undefined> {
  const given = structure(call.fields, 'Recipient');
  if (!given) return undefined;
  oneOf(given, 'KeyEncryptionAlgorithm', ['RSAES_OAEP_SHA_256']);
  text(given, 'KeyEncryptionAlgorithm', 64);
  // 262,144 is the API's limit; a real document has at most 16 KiB
  const document = bytes(given, 'AttestationDocument', 1, 262_144);
  const recipient = await call.recipients.verify(document, call.nowMs);
  const pcr0 = recipient.conditionKeys['kms:RecipientAttestation:PCR0'];
  if (pcr0 !== undefined) call.note({ attestedPcr0: pcr0 });
  return recipient;
}

/** Returns `Plaintext`; for a recipient, returns `CiphertextForRecipient` instead. */
export function plaintextFor(call: Call, plaintext: Uint8Array, recipient: AttestedRecipient | undefined): Answer {
  if (!recipient) return { Plaintext: base64(plaintext) };
  return { CiphertextForRecipient: base64(envelopedData(plaintext, recipient.publicKey, call.envelope)) };
}

/** Refuses asymmetric algorithms, because every key here is symmetric. @throws KmsFailure InvalidKeyUsageException, ValidationException */
export function symmetricOnly(fields: Fields, name = 'EncryptionAlgorithm'): void {
  const algorithm = oneOf(fields, name, ['SYMMETRIC_DEFAULT', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE']);
  if (algorithm !== undefined && algorithm !== 'SYMMETRIC_DEFAULT')
    throw new KmsFailure(
      'InvalidKeyUsageException',
      `Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
    );
}

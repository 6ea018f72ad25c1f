import { KmsFailure } from '../failure';
import { decryptUnder, encryptUnder, keyIdOf } from '../keys/ciphertext';
import type { NamedKey } from '../keys/key-store';
import { base64, endDryRun, permit, plaintextFor, recipientOf, symmetricOnly, type Call, type Operation } from './call';
import { bytes, encryptionContext, flag, optionalText, refuseGrants, text } from './fields';

const ALGORITHM = 'SYMMETRIC_DEFAULT';

/** Encrypt (AWS KMS API reference). It ignores `Recipient`, because KMS ignores members that an action does not have. */
export const encrypt: Operation = (call) => {
  const { fields } = call;
  const keyId = text(fields, 'KeyId', 2048);
  const plaintext = bytes(fields, 'Plaintext', 1, 4096);
  const context = encryptionContext(fields);
  symmetricOnly(fields);
  refuseGrants(fields);
  flag(fields, 'DryRun');
  const named = call.keys.find(keyId);
  permit(call, 'kms:Encrypt', named, { context });
  endDryRun(call);
  return {
    CiphertextBlob: base64(encryptUnder(named.key.secret, named.key.keyId, plaintext, context)),
    KeyId: named.key.arn,
    EncryptionAlgorithm: ALGORITHM,
  };
};

/** Decrypt (AWS KMS API reference). */
export const decrypt: Operation = async (call) => {
  const { fields } = call;
  const blob = bytes(fields, 'CiphertextBlob', 1, 6144);
  const keyId = optionalText(fields, 'KeyId', 2048);
  const context = encryptionContext(fields);
  symmetricOnly(fields);
  refuseGrants(fields);
  flag(fields, 'DryRun');
  const recipient = await recipientOf(call);
  const named = keyFor(call, blob, keyId);
  permit(call, 'kms:Decrypt', named, { context, recipient });
  endDryRun(call);
  checkMadeUnder(blob, named);
  const plaintext = decryptUnder(named.key.secret, blob, context);
  return { ...plaintextFor(call, plaintext, recipient), KeyId: named.key.arn, EncryptionAlgorithm: ALGORITHM };
};

/** ReEncrypt (AWS KMS API reference). IAM sees it as two actions, one on each key. */
export const reEncrypt: Operation = (call) => {
  const { fields } = call;
  const blob = bytes(fields, 'CiphertextBlob', 1, 6144);
  const sourceId = optionalText(fields, 'SourceKeyId', 2048);
  const destinationId = text(fields, 'DestinationKeyId', 2048);
  const [sourceContext, destinationContext] = [
    encryptionContext(fields, 'SourceEncryptionContext'),
    encryptionContext(fields, 'DestinationEncryptionContext'),
  ];
  symmetricOnly(fields, 'SourceEncryptionAlgorithm');
  symmetricOnly(fields, 'DestinationEncryptionAlgorithm');
  refuseGrants(fields);
  flag(fields, 'DryRun');
  const source = keyFor(call, blob, sourceId);
  const destination = call.keys.find(destinationId);
  permit(call, 'kms:ReEncryptFrom', source, { context: sourceContext });
  permit(call, 'kms:ReEncryptTo', destination, { context: destinationContext });
  endDryRun(call);
  checkMadeUnder(blob, source);
  const plaintext = decryptUnder(source.key.secret, blob, sourceContext);
  return {
    CiphertextBlob: base64(encryptUnder(destination.key.secret, destination.key.keyId, plaintext, destinationContext)),
    SourceKeyId: source.key.arn,
    KeyId: destination.key.arn,
    SourceEncryptionAlgorithm: ALGORITHM,
    DestinationEncryptionAlgorithm: ALGORITHM,
  };
};

/** Returns the key that the request names, or else the key that the ciphertext names. */
function keyFor(call: Call, blob: Uint8Array, keyId: string | undefined): NamedKey {
  if (keyId !== undefined) return call.keys.find(keyId);
  const key = call.keys.byId(keyIdOf(blob));
  if (!key)
    throw new KmsFailure(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    );
  return { key };
}

function checkMadeUnder(blob: Uint8Array, { key }: NamedKey): void {
  if (keyIdOf(blob) !== key.keyId)
    throw new KmsFailure(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can perform this operation.',
    );
}

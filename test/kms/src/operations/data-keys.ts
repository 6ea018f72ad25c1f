import { randomBytes } from 'node:crypto';
import { KmsFailure } from '../failure';
import { encryptUnder, type EncryptionContext } from '../keys/ciphertext';
import { base64, endDryRun, permit, plaintextFor, recipientOf, type Operation } from './call';
import { encryptionContext, flag, oneOf, refuseGrants, text, whole, type Fields } from './fields';

/** GenerateDataKey (AWS KMS API reference): returns random bytes encrypted under the key, and also as plaintext or for the recipient. */
export const generateDataKey: Operation = async (call) => {
  const request = parse(call.fields);
  const recipient = await recipientOf(call);
  const named = call.keys.find(request.keyId);
  permit(call, 'kms:GenerateDataKey', named, { context: request.context, recipient });
  endDryRun(call);
  const plaintext = randomBytes(request.length);
  return {
    ...plaintextFor(call, plaintext, recipient),
    CiphertextBlob: base64(encryptUnder(named.key.secret, named.key.keyId, plaintext, request.context)),
    KeyId: named.key.arn,
  };
};

/** GenerateDataKeyWithoutPlaintext: returns random bytes encrypted under the key. It ignores a recipient. */
export const generateDataKeyWithoutPlaintext: Operation = (call) => {
  const request = parse(call.fields);
  const named = call.keys.find(request.keyId);
  permit(call, 'kms:GenerateDataKeyWithoutPlaintext', named, { context: request.context });
  endDryRun(call);
  return {
    CiphertextBlob: base64(
      encryptUnder(named.key.secret, named.key.keyId, randomBytes(request.length), request.context),
    ),
    KeyId: named.key.arn,
  };
};

function parse(fields: Fields): { keyId: string; length: number; context: EncryptionContext } {
  const keyId = text(fields, 'KeyId', 2048);
  const spec = oneOf(fields, 'KeySpec', ['AES_256', 'AES_128']);
  const bytes = whole(fields, 'NumberOfBytes', 1, 1024);
  refuseGrants(fields);
  flag(fields, 'DryRun');
  if ((spec === undefined) === (bytes === undefined))
    throw new KmsFailure('ValidationException', 'Please specify either number of bytes or key spec.');
  return { keyId, length: bytes ?? (spec === 'AES_128' ? 16 : 32), context: encryptionContext(fields) };
}

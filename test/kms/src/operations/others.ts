import { randomBytes } from 'node:crypto';
import { authorize } from '../authorization/authorize';
import { KmsFailure } from '../failure';
import { permit, plaintextFor, recipientOf, type Operation } from './call';
import { optionalText, refuseGrants, text, whole } from './fields';

/** GenerateRandom (AWS KMS API reference). There is no key, so only the caller's IAM policies decide. It accepts a recipient. */
export const generateRandom: Operation = async (call) => {
  const length = whole(call.fields, 'NumberOfBytes', 1, 1024);
  if (optionalText(call.fields, 'CustomKeyStoreId', 64) !== undefined)
    throw new KmsFailure('CustomKeyStoreNotFoundException');
  const recipient = await recipientOf(call);
  authorize({
    action: 'kms:GenerateRandom',
    caller: call.caller,
    account: call.account,
    region: call.region,
    nowMs: call.nowMs,
    ...(recipient && { recipient: recipient.conditionKeys }),
  });
  if (length === undefined) throw new KmsFailure('ValidationException', 'NumberOfBytes is required.');
  return plaintextFor(call, randomBytes(length), recipient);
};

/** DescribeKey (AWS KMS API reference). */
export const describeKey: Operation = (call) => {
  const keyId = text(call.fields, 'KeyId', 2048);
  refuseGrants(call.fields);
  const named = call.keys.find(keyId);
  permit(call, 'kms:DescribeKey', named);
  const { key } = named;
  return {
    KeyMetadata: {
      AWSAccountId: call.account,
      KeyId: key.keyId,
      Arn: key.arn,
      CreationDate: key.createdAtMs / 1000,
      Enabled: key.state === 'Enabled',
      Description: 'KMS simulator of the tests',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: key.state,
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
    },
  };
};

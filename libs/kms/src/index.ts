export {
  createKmsClient,
  type DataKey,
  type Decrypted,
  type DecryptParameters,
  type GenerateDataKeyParameters,
  type KmsClient,
  type KmsClientOptions,
} from './kms-client';
export type { KmsHttpAnswer, KmsRequest, KmsTransport } from './attempts';
export { KmsError, type KmsErrorCode } from './errors';
export type { KmsCredentials } from './sign-request';

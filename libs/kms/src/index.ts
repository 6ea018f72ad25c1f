export {
  createKmsClient,
  type DataKey,
  type Decrypted,
  type DecryptParameters,
  type GenerateDataKeyParameters,
  type KmsClient,
  type KmsClientOptions,
} from './client/kms-client';
export type { KmsHttpAnswer, KmsRequest, KmsTransport } from './client/transport';
export { KmsError, type KmsErrorCode } from './errors';
export type { KmsCredentials } from './signing/credentials';

export { firstThenAll } from './first-then-all';
export { aliasArnSchema, kmsAuthorities, kmsConfigSchema, readAliasArn, type KmsConfig } from './kms-config';
export { KmsSession, KmsUnavailableError, type KmsAuthorization, type KmsFailure } from './kms-session';
export { openKms } from './open-kms';

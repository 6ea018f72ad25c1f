/** Renders infra/parent/files, which are installed on the EC2 instance that hosts the enclave, for one stack. */
export { renderParentArchive, type ParentArchive } from './archive';
export { checkSettings, EMAIL_ADDRESS, ParentSettingsError } from './check-settings';
export { GATEWAY_METRICS, METRIC_NAMESPACE } from './cloudwatch-agent';
export { connectionTimes, type ConnectionTimes } from './connection-times';
export { renderParentFiles, type ParentFile } from './render-parent-files';
export {
  DEFAULTS,
  ENCLAVE_SECRETS_FILE,
  LOG_GROUPS,
  RESERVED_VARIABLES,
  type DatabaseSettings,
  type EgressRoute,
  type HttpsSettings,
  type ParentSettings,
  type RedisSettings,
} from './settings';
export { packagesOf, renderUserData } from './user-data';

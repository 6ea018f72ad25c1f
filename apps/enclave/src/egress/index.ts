export { egressConfigSchema, hostSchema, portSchema, withParentCid, type EgressConfig } from './egress-config';
export {
  EgressError,
  type EgressErrorCode,
  createEgress,
  missingRoutes,
  type ConnectVsock,
  type Destination,
  type Egress,
  type EgressOptions,
  errorCode,
} from './egress';
export { PUBLISH_EVERY_MS } from './connection-counts';
export { HttpsError, type HttpsFailure, httpsPost, type HttpsAnswer, type HttpsPost } from './https-post';
export { KeptConnections } from './kept-connections';
export { authoritiesSchema, destinationOf, originSchema, pemBlocks } from './origin';

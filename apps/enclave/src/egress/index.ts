export { egressConfigSchema, hostSchema, portSchema, withParentCid, type EgressConfig } from './egress-config';
export { EgressError, type EgressErrorCode } from './egress-error';
export {
  createEgress,
  missingRoutes,
  type ConnectVsock,
  type Destination,
  type Egress,
  type EgressOptions,
} from './egress';
export { errorCode } from './error-code';
export { HttpsError, type HttpsFailure } from './https-error';
export { httpsPost, type HttpsAnswer, type HttpsPost } from './https-post';
export { authoritiesSchema, destinationOf, originSchema, pemBlocks } from './origin';

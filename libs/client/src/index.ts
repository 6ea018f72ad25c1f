/**
 * The functions of a sender: attest, seal, post, follow, verify. They run in a browser and in Node. `connect` returns a client that
 * does all of this. The other exports are its steps.
 */
export * from './errors';
export * from './api';
export { mostATaskCosts } from './agents/task-cost';
export { connect } from './connect';
export {
  chambersWithoutDeduplication,
  sharedChambersWithoutDeduplication,
  recognizingChambers,
} from './duplicate-risk';
export { fetchEnclaveKey, type EnclaveKey, type TrustPolicy } from './enclave-key';
export { createDeliverySecret, prepareMessage, type PreparedMessage, type PrepareOptions } from './prepare';
export { attestedResidence, orResidenceUnavailable, prepareProven } from './proven';
export {
  fetchListAddress,
  fetchMessage,
  followMessage,
  postMessage,
  type Access,
  type FollowOptions,
  type GatewayOptions,
} from './gateway';
export { postUntilAnswered, type PostOptions } from './post';
export { keptMessageSchema } from '@communique-tee/protocol';
export { keptOf, readKept } from './kept';
export { resumeMessage } from './resume';
export { verifyResult, type Followed, type VerifiedResult } from './result';
export { watchMessage, type WatchOptions } from './watch';
export { combineWhetherSent, sentByPost, whetherSent } from './whether-sent';

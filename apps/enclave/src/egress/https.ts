export { HttpsError, type HttpsFailure } from './https-error';
export { httpsPost, type HttpsAnswer, type HttpsPost } from './https-post';
export { authoritiesSchema, destinationOf, originSchema, pemBlocks } from './origin';

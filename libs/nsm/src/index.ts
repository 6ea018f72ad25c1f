export { decodeCbor, encodeCbor } from './cbor';
export { openNsmDevice } from './device';
export { NsmError, type NsmErrorCode } from './errors';
export { createNsm, type AttestationFields, type Nsm, type NsmDescription } from './nsm';
export type { NsmTransport } from './ioctl-transport';

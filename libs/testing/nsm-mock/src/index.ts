export { NsmMockError, type NsmMockErrorCode, developmentRootPem } from './root';
export { developmentMeasurements } from './measurements';
export { createMockNsmTransport, type MockNsmOptions } from './mock-nsm';
export { connectNsm, serveNsm, type ServedNsm } from './socket';

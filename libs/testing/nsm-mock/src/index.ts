export { NsmMockError, type NsmMockErrorCode, developmentRootPem } from './root';
export { developmentMeasurements, developmentRoleArn } from './measurements';
export { createMockNsmTransport, type MockNsmOptions } from './mock-nsm';
export { connectNsm, serveNsm, type ServedNsm } from './socket';

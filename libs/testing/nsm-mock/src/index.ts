export { NsmMockError, type NsmMockErrorCode } from './errors';
export { developmentMeasurements } from './measurements';
export { createMockNsmTransport, type MockNsmOptions } from './mock-nsm';
export { developmentRootPem } from './root';

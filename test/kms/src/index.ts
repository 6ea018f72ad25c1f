/** AWS KMS for tests. It is never deployed (scope:dev; it does not start with NODE_ENV=production). */
export { startKmsSimulator, KmsSimulatorError, type KmsSimulator, type KmsSimulatorOptions } from './simulator';
export type { PolicyInput } from './authorization/policy';
export type { Fault, FaultScope } from './faults/fault';
export type { KeyState } from './keys/key-store';
export { envelopedData, type EnvelopeForm } from './recipient/enveloped-data';
export type { KmsRequestRecord } from './requests';
export type { SimulatedCredentials } from './signature/credentials';

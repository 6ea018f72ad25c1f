/** The whole system on one machine, for the demo, the bench, the laboratory and the tests. */
export { buildApps } from './build-apps';
export { HIGH_RATE_LIMITS } from './high-rate-limits';
export { startSystem, type System, type SystemAgents, type SystemOptions } from './start-system';
export { APP_PORT, EGRESS_PORTS, imageConfiguration, type ImageConfiguration } from './image-configuration';
export type { EnclaveProvider, EnclaveSurroundings, RunningEnclave } from './enclave-provider';
export { environmentText } from './environment-text';
export { expireWaiting } from './expire-waiting';
export {
  readCongress,
  receivedBy,
  startCongress,
  type CongressOptions,
  type DescribedCongress,
  type ReceivedXml,
} from './congress';
export {
  developmentConfiguration,
  developmentEnclave,
  type AgentsSettings,
  type DevelopmentEnclaveOptions,
  type ResidenceSettings,
} from './development-enclave';
export { readProviders, startProviderProcess, type DescribedProviders } from './provider-process';
export { startKeyGuard, type KeyGuard } from './key-guard';
export { Constituent, type ConstituentOptions, type ProvenMessage, type ProvenOptions } from './constituent';
export { plantedMessage } from './planted-message';
export { encodingsOf } from './search/encodings';
export { filesBelow, find, type Find, type Leftover } from './search/find';
/** The parts of runs with faults, for `npm run test:faults` and for a day of the bench. */
export { CALM, drawFaultPlan, PROCESSES, REFUSING_OFFICE, type FaultPlan } from './faults/fault-plan';
export { inject, setCongressFaults, type Crash, type Injected, type Injector } from './faults/inject';
export { RetryingClient, type ClientOptions } from './faults/retrying-client';

/** Simulated AI providers, for tests and the demo. */
export { startProviders, ProvidersError } from './simulator';
export type { ProviderAddress, ProviderStartOptions, ProvidersOptions, SimulatedProviders } from './simulator';
export { describeProviders } from './description';
export { SIMULATED_MODELS, SIMULATED_PROVIDERS, simulatedModel, type SimulatedProvider } from './models';
export { tokensOf } from './answers/compose';
export type { Counts, ScriptedAnswerInput, WrongUsage } from './answers/answer';
export type { ErrorClass } from './dialects/dialect';
export type { FaultInput, FaultPlanInput } from './faults/fault';
export type { ProviderRequest } from './requests';
export { trustingFetch } from './testing/trusting-fetch';

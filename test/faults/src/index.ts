/** What other runs with faults are made of, e.g. a day of the bench. */
export { drawFaultPlan, CALM, type FaultPlan } from './plan/fault-plan';
export { inject, setCongressFaults, type Injected, type Injector } from './plan/inject';
export { UntiringClient, type ClientOptions } from './senders/untiring-client';

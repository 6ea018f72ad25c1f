export { startCongressSimulator, CongressSimulatorError } from './simulator';
export type { ChamberAddress, ChamberStartOptions, CongressSimulator, CongressSimulatorOptions } from './simulator';
export type { ReceivedMessage } from './received';
export type { Fault, FaultPlanInput } from './faults/fault';
export { judgeCwc } from './cwc/validate';
export type { Chamber, CwcJudgement } from './cwc/validate';
export { testAuthority } from './certificates/authority';
export type { TestAuthority } from './certificates/authority';

export { modelCommand } from './model-command';
export { checkTrace, type Deviation } from './trace/check-trace';
export type { TraceEvent } from './trace/trace-event';

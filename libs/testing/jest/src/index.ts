export { WorkerEnvironment } from './worker-environment';
export { WorkerRuntime } from './worker-runtime';

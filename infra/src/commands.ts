// What `npm run ops` runs of this project.
export { ruleNames, runCheck } from './check/run-check';
export { runCost } from './cost/run-cost';
export { configKeys } from './preview/options';
export { runPreview } from './preview/run-preview';

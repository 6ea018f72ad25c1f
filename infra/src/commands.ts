// Exports for `npm run ops` and `npm run lab -- aws-models`.
export { writeApiModels } from './aws-api/extract';
export { ruleNames, runCheck } from './check/run-check';
export { ENCLAVE_SECRETS } from './config/settings-schema';
export { runCost } from './cost/run-cost';
export { runImportFile } from './import-file/run-import-file';
export { configKeys } from './preview/options';
export { runPolicy } from './preview/run-policy';
export { runPreview } from './preview/run-preview';

/** The page loads this file when a person first asks a model (tools/dev/build/plugins/page-libraries.mjs). */
export { offeredModels } from './offer';
export { runTask } from './run-task';

/**
 * The functions that ask a model. The page loads them separately, when a model is first asked
 * (tools/dev/build/plugins/page-libraries.mjs).
 */
export { offeredModels } from './offer';
export { runTask } from './run-task';

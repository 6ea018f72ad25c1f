/**
 * The functions that ask a model. The page loads this file separately, when a person first uses a model
 * (tools/dev/build/plugins/page-libraries.mjs).
 */
export { offeredModels } from './offer';
export { runTask } from './run-task';

/** What asks a model. The page loads it apart from the rest, once a model is asked (tools/dev/build/plugins/page-libraries.mjs). */
export { offeredModels } from './offer';
export { runTask } from './run-task';

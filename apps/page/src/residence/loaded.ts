// The page loads this file only if a message needs a proof of residence.
export { look, obstacle, optionsNow } from './proof';
export { ResidenceStep } from './residence-step';

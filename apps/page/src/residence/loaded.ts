// Loaded if a message needs a proof of residence: the secret's storage, the step's view, and the prover.
export { look, obstacle, optionsNow } from './proof';
export { ResidenceStep } from './residence-step';

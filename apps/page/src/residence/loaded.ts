// What is loaded where a message takes a proof of residence: the secret's keeping, the step's view, and what makes the proof.
export { look, obstacle, optionsNow } from './proof';
export { ResidenceStep } from './residence-step';

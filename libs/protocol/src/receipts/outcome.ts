/**
 * What became of one office's copy. `accepted`: the far end took it now. `duplicate`: it said that it had it already.
 * `refused`: it, or the enclave, would not take it (the reason goes to the sender only). `unknown`: sent, no answer.
 * `pending`: not there yet, will be tried again. Never one reported as another.
 */
export const OUTCOMES = ['accepted', 'duplicate', 'refused', 'unknown', 'pending'] as const;
export type Outcome = (typeof OUTCOMES)[number];

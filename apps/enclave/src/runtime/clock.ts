/** The time that all code in the enclave uses. */
export interface Clock {
  nowMs(): number;
}

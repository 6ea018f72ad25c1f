/** The time that everything in the enclave goes by. */
export interface Clock {
  nowMs(): number;
}

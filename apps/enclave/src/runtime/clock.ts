/** The attested time. */
export interface Clock {
  nowMs(): number;
}

// Says which circuit this build proves and verifies. The circuit itself is a separate entry, `@communique-tee/residence/circuit`.

/** The length of a proof: 214 field elements. */
export const PROOF_BYTES = 6848;

export const VERIFICATION_KEY_BYTES = 1888;

/**
 * SHA-256 of the verification key, lower-case hex. A key is accepted by this hash only: the proof system ignores some bytes of a key, so
 * two different keys can verify the same proofs. `npm run lab -- residence-circuit --write` prints the value to put here.
 */
export const VERIFICATION_KEY_SHA256 = 'db33c96e91d1ef5e77b3422df73cf335082dffb5b2e69392a3a2f95762731896';

// Names the circuit that this build proves and verifies. The circuit itself is in `@communique-tee/residence/circuit`.

/** The length of a proof: 214 field elements. */
export const PROOF_BYTES = 6848;

export const VERIFICATION_KEY_BYTES = 1888;

/**
 * SHA-256 of the verification key, in lower-case hex. The proof system ignores some bytes of a key, so different keys can verify the same
 * proofs. Therefore a key is accepted only by this hash. `npm run lab -- residence-circuit --write` prints the value.
 */
export const VERIFICATION_KEY_SHA256 = 'db33c96e91d1ef5e77b3422df73cf335082dffb5b2e69392a3a2f95762731896';

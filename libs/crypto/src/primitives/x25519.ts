import { montgomery } from '@noble/curves/abstract/montgomery.js';
import { pow } from '@noble/curves/abstract/modular.js';

const P = 2n ** 255n - 19n;

/**
 * X25519 (RFC 7748, section 5), made from noble's Montgomery ladder and the parameters of curve25519. noble's own `x25519` also loads
 * Ed25519, which would add 19 kB to every page that seals.
 */
export const x25519 = /* @__PURE__ */ montgomery({
  P,
  type: 'x25519',
  // The exponent is public, and only the exponent decides how pow branches
  powPminus2: (x) => pow(x, P - 2n, P),
  adjustScalarBytes(bytes: Uint8Array) {
    bytes[0] = (bytes[0] ?? 0) & 248;
    bytes[31] = ((bytes[31] ?? 0) & 127) | 64;
    return bytes;
  },
});

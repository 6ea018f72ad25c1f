import { AttestationError } from './errors';
import type { AttestationPrimitives } from './primitives/primitives';

/**
 * The root with which a certificate chain must begin. Only this library can make a trust anchor: `awsNitroRoot`, which is the default, or
 * one from {@link unsafeTrustAnchorFromPem}.
 */
export class TrustAnchor {
  readonly #root: { sha256: Uint8Array } | { der: Uint8Array };

  /** @internal */
  constructor(root: { sha256: Uint8Array } | { der: Uint8Array }) {
    this.#root = root;
  }

  /** @internal SHA-256 of the root's DER, 32 bytes */
  async sha256(primitives: AttestationPrimitives): Promise<Uint8Array> {
    return 'sha256' in this.#root ? this.#root.sha256 : await primitives.sha256(this.#root.der);
  }
}

export function trustAnchorSha256(anchor: TrustAnchor, primitives: AttestationPrimitives): Promise<Uint8Array> {
  return anchor.sha256(primitives);
}

/**
 * Returns a trust anchor for another root than AWS's. The holder of that root's private key can forge every document.
 * Use it for the mock NSM's development root or in a test, never in production.
 *
 * @param pem exactly one `CERTIFICATE` block
 * @throws AttestationError ERR_ATTESTATION_TRUST_ANCHOR
 * @example
 * const trustAnchor = unsafeTrustAnchorFromPem(await developmentRootPem('.dev/nsm'));
 */
export function unsafeTrustAnchorFromPem(pem: string): TrustAnchor {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  const body = blocks[0]?.[1];
  if (body === undefined || blocks.length !== 1)
    throw new AttestationError(
      'ERR_ATTESTATION_TRUST_ANCHOR',
      `${blocks.length} certificates in the PEM text, one is expected`,
    );
  let text: string;
  try {
    text = atob(body.replaceAll(/\s/g, ''));
  } catch (cause) {
    throw new AttestationError('ERR_ATTESTATION_TRUST_ANCHOR', 'the PEM text is not base64', cause);
  }
  return new TrustAnchor({ der: Uint8Array.from(text, (char) => char.charCodeAt(0)) });
}

/** SHA-256 of AWS's root "G1" for the commercial regions, in DER. Verification uses only this value. */
export const awsNitroRootSha256 = '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b';

/**
 * The certificate of `awsNitroRootSha256`, for people to read. AWS publishes it as AWS_NitroEnclaves_Root-G1.zip; it is valid until
 * 2049-10-28. A test compares it with the hash.
 */
export const awsNitroRootPem = `-----BEGIN CERTIFICATE-----
MIICETCCAZagAwIBAgIRAPkxdWgbkK/hHUbMtOTn+FYwCgYIKoZIzj0EAwMwSTEL
MAkGA1UEBhMCVVMxDzANBgNVBAoMBkFtYXpvbjEMMAoGA1UECwwDQVdTMRswGQYD
VQQDDBJhd3Mubml0cm8tZW5jbGF2ZXMwHhcNMTkxMDI4MTMyODA1WhcNNDkxMDI4
MTQyODA1WjBJMQswCQYDVQQGEwJVUzEPMA0GA1UECgwGQW1hem9uMQwwCgYDVQQL
DANBV1MxGzAZBgNVBAMMEmF3cy5uaXRyby1lbmNsYXZlczB2MBAGByqGSM49AgEG
BSuBBAAiA2IABPwCVOumCMHzaHDimtqQvkY4MpJzbolL//Zy2YlES1BR5TSksfbb
48C8WBoyt7F2Bw7eEtaaP+ohG2bnUs990d0JX28TcPQXCEPZ3BABIeTPYwEoCWZE
h8l5YoQwTcU/9KNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUkCW1DdkF
R+eWw5b6cp3PmanfS5YwDgYDVR0PAQH/BAQDAgGGMAoGCCqGSM49BAMDA2kAMGYC
MQCjfy+Rocm9Xue4YnwWmNJVA44fA0P5W2OpYow9OYCVRaEevL8uO1XYru5xtMPW
rfMCMQCi85sWBbJwKKXdS6BptQFuZbT73o/gBh1qUxl/nNr12UO8Yfwr6wPLb+6N
IwLz3/Y=
-----END CERTIFICATE-----`;

export const awsNitroRoot = new TrustAnchor({
  sha256: Uint8Array.from(awsNitroRootSha256.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
});

import { AttestationError } from './errors';
import type { AttestationPrimitives } from './primitives/primitives';

/**
 * The root that a chain has to begin with. Made only by this library: the AWS root, which is the default, or
 * {@link unsafeTrustAnchorFromPem}.
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
 * Trusts the holder of another root's key as one trusts AWS: for a development root (the mock NSM) or a test, never in
 * production.
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

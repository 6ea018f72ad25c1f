import { X509Certificate } from 'node:crypto';

/** In the subject of the example configurations' placeholder certificate. */
const PLACEHOLDER = /to be replaced/i;

/** Returns the PEM blocks of `certificateAuthorities`. The enclave trusts only these, whatever this machine trusts. */
export const authoritiesOf = (pem: string | undefined): string[] =>
  pem?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/** Whether one of the authorities is still the placeholder certificate, which has signed nothing. */
export const isLeftOfExample = (pem: string | undefined): boolean =>
  authoritiesOf(pem).some((block) => PLACEHOLDER.test(certificateOf(block)?.subject ?? ''));

/**
 * Returns the root that signed a certificate of the chain; null if none did.
 * @param chain the server's own certificate first
 * @param roots in PEM
 */
export function rootOf(chain: readonly X509Certificate[], roots: readonly string[]): Root | null {
  const authorities = roots.flatMap((pem) => certificateOf(pem) ?? []);
  for (const certificate of chain) {
    const root = authorities.find((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey));
    if (root) return { name: commonName(root), sha256: root.fingerprint256 };
  }
  return null;
}

export interface Root {
  readonly name: string;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly sha256: string;
}

/** The command that prints a public root as a JSON string for `certificateAuthorities`. */
export const commandForRoot = ({ sha256 }: Root): string =>
  `npx node -p 'JSON.stringify(tls.rootCertificates.find((pem) => new crypto.X509Certificate(pem).fingerprint256 === "${sha256}"))'`;

function commonName({ subject }: X509Certificate): string {
  return /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.split('\n').join(', ');
}

function certificateOf(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { Destination } from './egress';
import { hostSchema } from './egress-config';

/** `https://host[:port]`, lower case, without a path. */
export const originSchema = z.string().refine(isOrigin, 'https://host[:port] and nothing else');

/** Trusted roots: self-signed certificates in PEM. Refuses intermediates, because OpenSSL accepts no chain that ends at an intermediate. */
export const authoritiesSchema = z
  .string({
    error: 'PEM of the roots to trust for this host, which npm run ops -- preflight shows (docs/operations.md)',
  })
  .max(100_000)
  .refine(isPem, 'PEM certificates of authorities')
  .refine((pem) => !isPem(pem) || certificatesIn(pem).every(isSelfSigned), 'self-signed roots and no intermediates');

export function destinationOf(origin: string): Destination {
  const { hostname, port } = new URL(origin);
  return { host: hostname, port: port === '' ? 443 : Number(port) };
}

export function pemBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.origin === text && hostSchema.safeParse(url.hostname).success;
}

function isPem(pem: string): boolean {
  try {
    const certificates = certificatesIn(pem);
    return certificates.length > 0 && certificates.every(({ ca }) => ca);
  } catch {
    return false;
  }
}

function certificatesIn(pem: string): X509Certificate[] {
  return pemBlocks(pem).map((block) => new X509Certificate(block));
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

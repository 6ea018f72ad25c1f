import { X509Certificate } from 'node:crypto';
import * as z from 'zod';
import type { Destination } from './egress';
import { hostSchema } from './egress-config';

/** `https://host[:port]`, lower case, nothing after it. */
export const originSchema = z.string().refine(isOrigin, 'https://host[:port] and nothing else');

/** Certificates of authorities in PEM: where they are given nothing else is trusted. */
export const authoritiesSchema = z.string().max(100_000).refine(isPem, 'PEM certificates');

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
    const certificates = pemBlocks(pem).map((block) => new X509Certificate(block));
    return certificates.length > 0 && certificates.every(({ ca }) => ca);
  } catch {
    return false;
  }
}

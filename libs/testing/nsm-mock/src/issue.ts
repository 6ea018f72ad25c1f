import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
} from './x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };

/** A certificate with its key. The key signs the next certificate or the document. */
export interface Signer {
  subject: string;
  der: Uint8Array;
  keys: webcrypto.CryptoKeyPair;
  notBeforeMs: number;
  notAfterMs: number;
}

export interface Wanted {
  subject: string;
  notBeforeMs: number;
  notAfterMs: number;
  /** Absent means no limit. `leaf` means that the certificate is not a CA. */
  pathLength?: number | 'leaf';
  usages: KeyUsageFlags;
}

export async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** Issues a certificate in the shape of AWS's: P-384, ecdsa-with-SHA384, critical basicConstraints, times in whole seconds. */
export async function issue(wanted: Wanted, issuer?: Signer): Promise<Signer> {
  const keys = await newKeys();
  const isLeaf = wanted.pathLength === 'leaf';
  const notBeforeMs = Math.floor(wanted.notBeforeMs / 1000) * 1000;
  const notAfterMs = Math.floor(wanted.notAfterMs / 1000) * 1000;
  const extensions: Extension[] = [
    new BasicConstraintsExtension(!isLeaf, wanted.pathLength === 'leaf' ? undefined : wanted.pathLength, true),
    new KeyUsagesExtension(wanted.usages, !isLeaf),
  ];
  if (!isLeaf) extensions.push(await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto));
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: wanted.subject,
      issuer: issuer?.subject ?? wanted.subject,
      notBefore: new Date(notBeforeMs),
      notAfter: new Date(notAfterMs),
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      signingAlgorithm: algorithm,
      extensions,
    },
    webcrypto,
  );
  return { subject: wanted.subject, der: new Uint8Array(certificate.rawData), keys, notBeforeMs, notAfterMs };
}

/** Returns a serial number of 16 bytes that is positive and has no leading zero byte. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

// Makes the keys with which the emulated NSM signs: a chain like AWS's, below a root that only tests trust.
import { webcrypto } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
// The library needs this polyfill before any of its files is loaded.
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
const HOUR_MS = 3_600_000;
const CA = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

/** The certificates, root first, with AWS's path lengths. Each certificate is valid from an hour before it is made. */
const LEVELS = [
  { name: 'emulator.nitro-enclaves', validHours: 24 * 3650, pathLength: undefined, usages: CA },
  { name: 'regional.emulator.nitro-enclaves', validHours: 24 * 20, pathLength: 2, usages: CA },
  { name: 'zonal.emulator.nitro-enclaves', validHours: 24 * 5, pathLength: 1, usages: CA },
  { name: 'instance.emulator.nitro-enclaves', validHours: 24, pathLength: 0, usages: KeyUsageFlags.keyCertSign },
  {
    name: 'i-0emulated.emulator',
    validHours: 4,
    pathLength: 'leaf',
    usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation,
  },
] as const;

export interface TestPki {
  /** The folder for bootEnclave, which the patched NSM reads. */
  readonly folder: string;
  /** The root certificate for `unsafeTrustAnchorFromPem`. */
  readonly rootPem: string;
}

/** Makes a new root and all certificates below it in `folder`. The leaf is valid for 3 hours from now, as AWS's leaves are. */
export async function makeTestPki(folder: string, nowMs = Date.now()): Promise<TestPki> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let issuer: { subject: string; keys: webcrypto.CryptoKeyPair } | undefined;
  let rootPem = '';
  for (const [depth, level] of LEVELS.entries()) {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const subject = `C=US, O=communique-tee, OU=emulator, CN=${level.name}`;
    const isLeaf = level.pathLength === 'leaf';
    const extensions: Extension[] = [
      new BasicConstraintsExtension(!isLeaf, isLeaf ? undefined : level.pathLength, true),
      new KeyUsagesExtension(level.usages, !isLeaf),
    ];
    if (!isLeaf) extensions.push(await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto));
    const from = Math.floor(nowMs / 1000) * 1000 - HOUR_MS;
    const certificate = await X509CertificateGenerator.create(
      {
        serialNumber: serialNumber(),
        subject,
        issuer: issuer?.subject ?? subject,
        notBefore: new Date(from),
        notAfter: new Date(from + level.validHours * HOUR_MS),
        publicKey: keys.publicKey,
        signingKey: (issuer?.keys ?? keys).privateKey,
        signingAlgorithm: algorithm,
        extensions,
      },
      webcrypto,
    );
    const der = new Uint8Array(certificate.rawData);
    await writeFile(join(folder, isLeaf ? 'leaf.der' : `ca-${depth}.der`), der);
    if (depth === 0) rootPem = `${PemConverter.encode(der, 'CERTIFICATE')}\n`;
    if (isLeaf)
      await writeFile(
        join(folder, 'leaf.key.pem'),
        `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`,
        { mode: 0o600 },
      );
    issuer = { subject, keys };
  }
  await writeFile(join(folder, 'root.pem'), rootPem);
  return { folder, rootPem };
}

/** Returns 16 random bytes as a positive number without a leading zero byte, in hex. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

import 'reflect-metadata'; // @peculiar/x509 needs it before it is loaded
import * as x509 from '@peculiar/x509';
import type { webcrypto } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3600 * 1000;

/** A certificate authority for tests: it is trusted only where its PEM is put into a configuration. */
export interface TestAuthority {
  readonly certificatePem: string;
  /** Issues a server certificate with a fresh P-256 key. `names`: DNS names and IP addresses. */
  issue(options: IssueOptions): Promise<{ certificatePem: string; privateKeyPem: string }>;
}

export interface IssueOptions {
  names: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
}

/** Makes an authority; with a folder it is read from there, or made and kept there (`ca.pem`, `ca.key.pem`, mode 0600). */
export async function testAuthority(folder?: string): Promise<TestAuthority> {
  const kept = folder === undefined ? null : await readAuthority(folder);
  const { certificate, privateKey } = kept ?? (await makeAuthority());
  if (folder !== undefined && !kept) await keepAuthority(folder, certificate, privateKey);
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    issue: (options) => issue(certificate, privateKey, options),
  };
}

interface Authority {
  certificate: x509.X509Certificate;
  privateKey: webcrypto.CryptoKey;
}

async function makeAuthority(): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Congress simulator test CA (not for production)',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, privateKey: keys.privateKey };
}

async function issue(
  authority: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  options: IssueOptions,
): Promise<{ certificatePem: string; privateKeyPem: string }> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=Congress simulator',
    issuer: authority.subject,
    notBefore: options.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: options.notAfter ?? new Date(Date.now() + 90 * DAY_MS),
    signingAlgorithm: SIGNING,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        options.names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem: await toPem(keys.privateKey) };
}

async function toPem(privateKey: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), x509.PemConverter.PrivateKeyTag)}\n`;
}

async function readAuthority(folder: string): Promise<Authority | null> {
  let pem: [string, string];
  try {
    pem = await Promise.all([readFile(join(folder, 'ca.pem'), 'utf8'), readFile(join(folder, 'ca.key.pem'), 'utf8')]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const certificate = new x509.X509Certificate(pem[0]);
  if (certificate.notAfter.getTime() < Date.now() + DAY_MS) return null; // about to expire: made anew
  const privateKey = await crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem[1]), SIGNING, true, [
    'sign',
  ]);
  return { certificate, privateKey };
}

async function keepAuthority(
  folder: string,
  certificate: x509.X509Certificate,
  privateKey: webcrypto.CryptoKey,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await put(join(folder, 'ca.key.pem'), await toPem(privateKey), 0o600);
  await put(join(folder, 'ca.pem'), `${certificate.toString('pem')}\n`, 0o644);
}

async function put(path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  await writeFile(beside, text, { mode });
  await rename(beside, path);
}

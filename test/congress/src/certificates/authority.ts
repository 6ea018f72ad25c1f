import 'reflect-metadata'; // must be loaded before @peculiar/x509
import * as x509 from '@peculiar/x509';
import type { webcrypto } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3600 * 1000;

/** A certificate authority for tests. A program trusts it only if the program's configuration contains its PEM. */
export interface TestAuthority {
  readonly certificatePem: string;
  /** Issues a server certificate with a fresh P-256 key; `certificatePem` is the chain that a server presents. */
  issue(options: IssueOptions): Promise<{ certificatePem: string; privateKeyPem: string }>;
}

export interface Validity {
  /** By default one day ago. */
  notBefore?: Date;
  /** By default in 90 days. */
  notAfter?: Date;
}

export interface IssueOptions extends Validity {
  /** DNS names and IP addresses. */
  names: readonly string[];
  /** If given, an intermediate authority with these dates issues the certificate. */
  intermediate?: Validity;
}

/** Makes an authority. With a folder, keeps it there (`ca.pem`; `ca.key.pem` with mode 0600), and reads it from there the next time. */
export async function testAuthority(folder?: string): Promise<TestAuthority> {
  const kept = folder === undefined ? null : await readAuthority(folder);
  const { certificate, privateKey } = kept ?? (await makeAuthority());
  if (folder !== undefined && !kept) await keepAuthority(folder, certificate, privateKey);
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    issue: async (options) => {
      const { names, intermediate, ...validity } = options;
      const root = { certificate, privateKey };
      if (!intermediate) return issue(root, names, validity);
      const issuer = await makeIntermediate(root, intermediate);
      const issued = await issue(issuer, names, validity);
      return { ...issued, certificatePem: `${issued.certificatePem}${issuer.certificate.toString('pem')}\n` };
    },
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
    extensions: await authorityExtensions(keys.publicKey, 1),
  });
  return { certificate, privateKey: keys.privateKey };
}

async function makeIntermediate(root: Authority, validity: Validity): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=Congress simulator test intermediate (not for production)',
    issuer: root.certificate.subject,
    ...datesOf(validity),
    signingAlgorithm: SIGNING,
    publicKey: keys.publicKey,
    signingKey: root.privateKey,
    extensions: [
      ...(await authorityExtensions(keys.publicKey, 0)),
      await x509.AuthorityKeyIdentifierExtension.create(root.certificate),
    ],
  });
  return { certificate, privateKey: keys.privateKey };
}

async function authorityExtensions(publicKey: webcrypto.CryptoKey, pathLength: number): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

function datesOf({ notBefore, notAfter }: Validity): Required<Validity> {
  return {
    notBefore: notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: notAfter ?? new Date(Date.now() + 90 * DAY_MS),
  };
}

async function issue(
  { certificate: authority, privateKey: signingKey }: Authority,
  names: readonly string[],
  validity: Validity,
): Promise<{ certificatePem: string; privateKeyPem: string }> {
  const keys = await crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=Congress simulator',
    issuer: authority.subject,
    ...datesOf(validity),
    signingAlgorithm: SIGNING,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
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
  if (certificate.notAfter.getTime() < Date.now() + DAY_MS) return null; // expires soon: make a new one
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

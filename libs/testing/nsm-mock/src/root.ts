import { webcrypto } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issue, type Signer } from './issue';
import { KeyUsageFlags, PemConverter, X509Certificate } from './x509';

export type NsmMockErrorCode =
  /** NODE_ENV is production. */
  | 'ERR_NSM_MOCK_PRODUCTION'
  /** The files of the development root are damaged, or the root is not valid now. */
  | 'ERR_NSM_MOCK_ROOT'
  /** An option is out of range. */
  | 'ERR_NSM_MOCK_OPTIONS';

export class NsmMockError extends Error {
  override readonly name = 'NsmMockError';
  readonly code: NsmMockErrorCode;

  constructor(code: NsmMockErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Throws in production, because a verifier that trusts the development root trusts everyone who can read its key file. */
export function refuseProduction(): void {
  if (process.env['NODE_ENV'] === 'production')
    throw new NsmMockError('ERR_NSM_MOCK_PRODUCTION', 'the mock NSM does not start with NODE_ENV=production');
}

const dayMs = 86_400_000;
const subject = 'C=US, O=communique-tee, OU=development, CN=development.nitro-enclaves';
const curve = { name: 'ECDSA', namedCurve: 'P-384' };

/**
 * Returns the certificate of the development root in PEM, for `unsafeTrustAnchorFromPem`. Makes the root if it does not exist.
 *
 * @param rootFolder the folder of `development-root/`, which contains the key (mode 0600) and the certificate
 * @throws NsmMockError ERR_NSM_MOCK_PRODUCTION, ERR_NSM_MOCK_ROOT
 */
export async function developmentRootPem(rootFolder: string): Promise<string> {
  refuseProduction();
  const { der } = await developmentRoot(rootFolder, Date.now());
  return PemConverter.encode(der, 'CERTIFICATE') + '\n';
}

/**
 * Returns the development root, and makes it if it does not exist. If two processes make it at the same time, the later one fails to rename
 * its folder and reads the root of the first.
 */
export async function developmentRoot(rootFolder: string, nowMs: number): Promise<Signer> {
  const folder = join(rootFolder, 'development-root');
  const found = await read(folder);
  if (found) return current(found, nowMs, folder);

  await mkdir(rootFolder, { recursive: true });
  const made = await make(nowMs);
  const draft = await mkdtemp(join(rootFolder, '.development-root-'));
  try {
    const key = await webcrypto.subtle.exportKey('pkcs8', made.keys.privateKey);
    await writeFile(join(draft, 'key.pem'), PemConverter.encode(key, 'PRIVATE KEY') + '\n', { mode: 0o600 });
    await writeFile(join(draft, 'certificate.pem'), PemConverter.encode(made.der, 'CERTIFICATE') + '\n');
    await rename(draft, folder);
    return made;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const other = await read(folder);
    if (other) return current(other, nowMs, folder);
    throw error;
  }
}

/** Makes a root that is valid for 30 years, like AWS's. The time begins a day early, because clocks may differ. */
function make(nowMs: number): Promise<Signer> {
  return issue({
    subject,
    notBeforeMs: nowMs - dayMs,
    notAfterMs: nowMs + 30 * 365 * dayMs,
    usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
  });
}

async function read(folder: string): Promise<Signer | undefined> {
  let certificatePem: string;
  let keyPem: string;
  try {
    [certificatePem, keyPem] = await Promise.all([
      readFile(join(folder, 'certificate.pem'), 'utf8'),
      readFile(join(folder, 'key.pem'), 'utf8'),
    ]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new NsmMockError('ERR_NSM_MOCK_ROOT', `the development root in ${folder} cannot be read`, error);
  }
  try {
    const certificate = new X509Certificate(certificatePem);
    const privateKey = await webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(keyPem), curve, true, [
      'sign',
    ]);
    const publicKey = await webcrypto.subtle.importKey('spki', certificate.publicKey.rawData, curve, true, ['verify']);
    const probe = new Uint8Array(32);
    const algorithm = { name: 'ECDSA', hash: 'SHA-384' };
    const fits = await webcrypto.subtle.verify(
      algorithm,
      publicKey,
      await webcrypto.subtle.sign(algorithm, privateKey, probe),
      probe,
    );
    if (!fits) throw new Error('the certificate is of another key');
    return {
      subject,
      der: new Uint8Array(certificate.rawData),
      keys: { privateKey, publicKey },
      notBeforeMs: certificate.notBefore.getTime(),
      notAfterMs: certificate.notAfter.getTime(),
    };
  } catch (error) {
    throw new NsmMockError(
      'ERR_NSM_MOCK_ROOT',
      `the development root in ${folder} is damaged; delete the folder to get a new one`,
      error,
    );
  }
}

function current(root: Signer, nowMs: number, folder: string): Signer {
  if (nowMs < root.notBeforeMs || nowMs > root.notAfterMs) {
    throw new NsmMockError(
      'ERR_NSM_MOCK_ROOT',
      `the development root in ${folder} is not valid now; delete the folder to get a new one`,
    );
  }
  return root;
}

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KeyObject } from 'node:crypto';
import { temporaryFolder } from '@communique-tee/testing/harness';

const run = promisify(execFile);

/** Decrypts a CMS EnvelopedData with `openssl cms`, which shares no code with the simulator. */
export async function openWithOpenssl(envelope: Uint8Array, privateKey: KeyObject): Promise<Uint8Array> {
  const folder = await temporaryFolder('kms-envelope-');
  try {
    const [key, message] = [join(folder.path, 'key.pem'), join(folder.path, 'message.ber')];
    await writeFile(key, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    await writeFile(message, envelope);
    const { stdout } = await run(
      'openssl',
      ['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', message, '-inkey', key],
      { encoding: 'buffer' },
    );
    return new Uint8Array(stdout);
  } finally {
    await folder.remove();
  }
}

/** Returns the lines of `openssl asn1parse`, one for each element: depth, tag, and length (`inf` if it is indefinite). */
export async function shapeOf(envelope: Uint8Array): Promise<string[]> {
  const folder = await temporaryFolder('kms-envelope-');
  try {
    const message = join(folder.path, 'message.ber');
    await writeFile(message, envelope);
    const { stdout } = await run('openssl', ['asn1parse', '-inform', 'DER', '-in', message]);
    return stdout.trim().split('\n');
  } finally {
    await folder.remove();
  }
}

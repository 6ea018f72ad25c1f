import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeSigningKey } from '../testing/signing-key';

const run = promisify(execFile);
const root = join(__dirname, '../../../..');

it('writes, reads and signs an image of 128 MiB with less than half of that in memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eif-memory-'));
  try {
    const { privateKeyPem, certificatePem } = await makeSigningKey();
    await writeFile(join(folder, 'key.pem'), privateKeyPem);
    await writeFile(join(folder, 'certificate.pem'), certificatePem);
    const sizeBytes = 128 * 1024 * 1024;
    const { stdout } = await run(
      process.execPath,
      ['tools/run.mjs', 'libs/eif/src/testing/large-image.ts', folder, String(sizeBytes)],
      { cwd: root },
    );
    const result = JSON.parse(stdout) as { grownBytes: number; sizeBytes: number; same: boolean };
    expect(result.same).toBe(true);
    expect(result.sizeBytes).toBeGreaterThan(sizeBytes);
    expect(result.grownBytes).toBeLessThan(sizeBytes / 2);
  } finally {
    await rm(folder, { recursive: true });
  }
});

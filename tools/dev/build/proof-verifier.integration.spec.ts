import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PUBLIC_INPUTS } from '@communique-tee/residence';
import { committedProof } from '@communique-tee/residence/testing';
import { temporaryFolder, type TemporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';

const run = promisify(execFile);

/** Verifies the proofs in its argument, and reports how much more memory it takes than an idle process. */
const ENTRY = `
import { createVerifier } from '@communique-tee/residence/verifier';
async function main() {
  const [good, bad] = JSON.parse(process.argv[2] ?? '').map(({ publicInputs, proof }) => ({
    publicInputs: Object.fromEntries(Object.entries(publicInputs).map(([name, hex]) => [name, bytes(hex)])),
    proof: bytes(proof),
  }));
  const idle = process.memoryUsage.rss();
  const verifier = await createVerifier();
  const verdicts = [];
  for (const { publicInputs, proof } of [good, bad, good]) verdicts.push(await verifier.verify(publicInputs, proof));
  for (let at = 0; at < 40; at++) await verifier.verify(good.publicInputs, good.proof);
  const megabytes = (process.memoryUsage.rss() - idle) / 1e6;
  await verifier.close();
  console.log(JSON.stringify({ verdicts, megabytes }));
}
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
void main();
`;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const { publicInputs, proof } = committedProof('ada roads');
const asHex = (proofBytes: Uint8Array) => ({
  publicInputs: Object.fromEntries(PUBLIC_INPUTS.map((name) => [name, hex(publicInputs[name])])),
  proof: hex(proofBytes),
});

describe.each(['enclave', 'gateway'])('the verifier in a bundle of the %s', (app) => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await mkdir(folder.file('alone'));
    await writeFile(folder.file('entry.ts'), ENTRY);
    const build = [join(workspaceRoot(), 'tools/dev/build/build.mjs'), app];
    await run(process.execPath, [...build, '--entry', folder.file('entry.ts'), '--outdir', folder.file('built')], {
      cwd: workspaceRoot(),
    });
    await copyFile(folder.file('built/main.js'), folder.file('alone/main.js'));
  });
  afterAll(() => folder.remove());

  it('verifies in a process that may read only the bundle, write nothing and start no program', async () => {
    const given = JSON.stringify([asHex(proof), asHex(new Uint8Array(proof.length))]);
    const allowed = ['--permission', '--allow-worker', `--allow-fs-read=${folder.file('alone')}`];
    const { stdout, stderr } = await run(process.execPath, [...allowed, folder.file('alone/main.js'), given], {
      cwd: folder.file('alone'),
      // Node warns about threads in a process with permissions. Here the threads have the same permissions
      env: { NODE_NO_WARNINGS: '1' },
    });
    const { verdicts, megabytes } = JSON.parse(stdout) as { verdicts: unknown; megabytes: number };
    expect(verdicts).toEqual([{ valid: true }, { valid: false }, { valid: true }]);
    expect(megabytes).toBeLessThan(150);
    expect(stderr).toBe('');
    expect(await readdir(folder.file('alone'))).toEqual(['main.js']);
  });

  it('has the license of the package with the proof system beside it', async () => {
    expect(await readFile(folder.file('built/THIRD-PARTY-LICENSES.txt'), 'utf8')).toContain('@aztec/bb.js 5.0.0');
  });
});

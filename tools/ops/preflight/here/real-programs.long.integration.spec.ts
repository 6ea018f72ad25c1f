import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { describeWithJudge, JUDGES } from '@communique-tee/testing/judges';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { realPorts, type Ports } from '../ports';
import { lines, look } from '../testing/look';

const run = promisify(execFile);
/** Runs real programs in this checkout, with its Pulumi.prod.yaml. */
const { runProgram } = realPorts(workspaceRoot());

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('preflight-real-');
});
afterAll(() => folder.remove());

const program = async (name: string, script: string): Promise<string> => {
  const file = folder.file(`${name}.bin/${name}`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return dirname(file);
};

describe('image and release, judged by the real preview', () => {
  const configuration = '{"stack": "prod"}';
  const files = { 'apps/enclave/config/prod.json': configuration };
  const built = (changes: Record<string, string> = {}) => [
    ...['--config', `imageFolder=${changes['imageFolder'] ?? folder.file('image')}`],
    ...['--config', `releaseFile=${changes['releaseFile'] ?? folder.file('release.tar.gz')}`],
  ];

  beforeAll(async () => {
    const { stdout: head } = await run('git', ['rev-parse', 'HEAD'], { cwd: workspaceRoot() });
    await mkdir(folder.file('image'));
    await writeFile(
      folder.file('image/measurements.json'),
      JSON.stringify({
        ...{ image: 'communique-tee.eif', version: '0.1.0', architecture: 'arm64', stack: 'prod', sizeBytes: 1024 },
        ...{ sha384: 'aa'.repeat(48), hashAlgorithm: 'SHA384', custody: 'kms', commit: head.trim() },
        ...{ pcr0: '1'.repeat(96), pcr1: '2'.repeat(96), pcr2: '3'.repeat(96) },
        routes: [{ host: 'kms.us-east-1.amazonaws.com', port: 443, vsockPort: 8001 }],
        configurationSha256: createHash('sha256').update(configuration).digest('hex'),
      }),
    );
    await writeFile(folder.file('image/communique-tee.eif'), Buffer.alloc(1024));
    await writeFile(folder.file('release.tar.gz'), gzipSync('a release'));
  });
  const said = async (name: string, changes?: Record<string, string>) =>
    look(name, { files, ports: { runProgram } }, built(changes));

  it('pass if both are built', async () => {
    expect(lines(await said('image'))).toEqual(['pass: version 0.1.0, PCR0 1111111111111111...']);
    expect(lines(await said('release'))).toEqual(['pass: there']);
  });

  it('fail if one is not built, and name the command that builds it', async () => {
    expect(await said('image', { imageFolder: folder.file('nowhere') })).toMatchObject([
      { status: 'fail', command: 'npm run image -- build --stack prod --arch arm64' },
    ]);
    expect(await said('release', { releaseFile: folder.file('nowhere') })).toMatchObject([
      { status: 'fail', command: 'npm run ops -- release --arch arm64' },
    ]);
  });
});

it('node: fails for an old Node, and passes after the hint’s command', async () => {
  const old = await program('node', 'echo v20.20.2');
  const check = (path: string) => look('node', { ports: { runProgram, env: { PATH: path } } });
  const [, found] = await check(`${old}:/usr/bin:/bin`);
  expect(found).toMatchObject({ status: 'fail', found: 'Pulumi would run on Node 20.20.2 from PATH, and it needs 24' });
  const { stdout: path } = await run('bash', ['--norc', '-c', `${found?.command ?? 'false'} && printf %s "$PATH"`], {
    cwd: workspaceRoot(),
    env: { PATH: `${old}:/usr/bin:/bin` },
  });
  expect(await check(path)).toMatchObject([{ status: 'pass' }, { status: 'pass' }]);
});

it('git: passes for a clean clone, and warns of a changed file', async () => {
  const clone = folder.file('clone');
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd: clone });
  await mkdir(clone);
  await git('init', '--quiet');
  await writeFile(join(clone, 'a'), 'a');
  await git('add', 'a');
  await git('commit', '--quiet', '--message', 'a');
  const check = async (root: string) => lines(await look('git', { ports: { runProgram: realPorts(root).runProgram } }));
  expect(await check(clone)).toEqual([expect.stringMatching(/^pass: clean at [0-9a-f]{12}$/)]);
  await writeFile(join(clone, 'a'), 'b');
  expect(await check(clone)).toEqual(['warn: 1 file(s) differ from the last commit']);
  expect(await check(folder.file('image'))).toEqual(['warn: git cannot tell what has changed here']);
});

describeWithJudge(JUDGES.awscli, 'aws-cli', ({ python }) => {
  const withAws =
    (bin: string): Ports['runProgram'] =>
    (command, args, options) =>
      runProgram(command, args, { ...options, env: { PATH: `${bin}:/usr/bin:/bin` } });

  it('warns of the real version 1, and passes for version 2', async () => {
    const check = async (bin: string) => lines(await look('aws-cli', { ports: { runProgram: withAws(bin) } }));
    expect(await check(await program('aws', `exec '${python}' -m awscli "$@"`))).toEqual([
      `warn: ${JUDGES.awscli.version}, but the commands in the docs need version 2`,
    ]);
    expect(await check(await program('aws', 'echo aws-cli/2.31.4 Python/3.13.7'))).toEqual(['pass: 2.31.4']);
  });
});

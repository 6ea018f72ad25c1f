import { createHash } from 'node:crypto';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createNsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { build } from 'esbuild';
// eslint-disable-next-line @nx/enforce-module-boundaries -- every tool has the version of the workspace
import { version } from '../../../package.json';
import { verifierFileInPage } from '../../dev/build/plugins/verifier-file-in-page.mjs';
import { BUILD_COMMAND, bundleVerifier, type VerifierFile } from './bundle.mjs';
import { lockfile, PACKAGES } from './packages.mjs';

const root = workspaceRoot();
let folder: TemporaryFolder;
let built: VerifierFile;
/** The file in a folder without node_modules, as an auditor has it. */
let file: string;

beforeAll(async () => {
  folder = await temporaryFolder('one-file-');
  built = await bundleVerifier(root);
  file = folder.file(built.name);
  await writeFile(file, built.bytes);
});
afterAll(() => folder.remove());

interface Ended {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}
const run = (
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  node = process.execPath,
) =>
  new Promise<Ended>((done) => {
    execFile(node, args, { cwd: folder.path, env: {}, ...options }, (error, out, err) => {
      done({ exit: error === null ? 0 : Number(error.code), out, err });
    });
  });

/**
 * Returns one `[version, program]` for each supported version of Node. It looks at the running Node, /usr/bin/node and
 * /usr/local/bin/node. Of two with the same version, it returns the last.
 */
function supportedNodes(): [string, string][] {
  const found = ['/usr/bin/node', '/usr/local/bin/node']
    .filter((path) => existsSync(path))
    .map((path): [string, string] => [
      execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim(),
      path,
    ]);
  const supported = found.filter(([version]) => {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
  });
  return [...new Map([[process.versions.node, process.execPath], ...supported])];
}

describe('communique-tee.mjs', () => {
  it('has the same bytes when built in another folder, working directory, locale or time zone, or from packages in another folder', async () => {
    const copy = folder.file('a copy', 'of the checkout');
    for (const each of ['libs', 'tools/cli', 'tools/dev/build', 'tools/image', 'package.json', 'package-lock.json'])
      await cp(join(root, each), join(copy, each), { recursive: true });
    await cp(join(root, 'tsconfig.base.json'), join(copy, 'tsconfig.base.json'));
    const packages = folder.file('elsewhere', 'node_modules');
    await mkdir(folder.file('elsewhere'));
    await symlink(join(root, 'node_modules'), packages);
    expect((await bundleVerifier(copy, packages)).sha256).toBe(built.sha256);

    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    const out = folder.file('out');
    const { exit } = await run([join(copy, 'tools/cli/one-file/build.mjs'), '--out', out], {
      cwd: '/',
      env: { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8', HOME: folder.path },
    });
    expect(exit).toBe(0);
    expect(
      createHash('sha256')
        .update(await readFile(join(out, built.name)))
        .digest('hex'),
    ).toBe(built.sha256);
    expect(await readFile(join(out, `${built.name}.sha256`), 'utf8')).toBe(`${built.sha256}  ${built.name}\n`);
    expect((await stat(join(out, built.name))).mode & 0o111).not.toBe(0);
  });

  it('contains no path of the machine, and no code for development or tests', () => {
    const text = built.bytes.toString();
    expect(text).not.toContain(root);
    expect(
      built.inputs.filter((path) => /development-issuer|commands\/token|[\\/]testing[\\/]|\.spec\.ts/.test(path)),
    ).toEqual([]);
    expect(text).not.toMatch(/createMock|BEGIN (EC )?PRIVATE KEY/);
  });

  it('is smaller than 900 kB', () => {
    expect(built.bytes.length).toBeLessThan(900_000);
  });

  it('runs without packages, and prints its version and the hash of its own bytes', async () => {
    expect(await run([file, '--version'])).toEqual({
      exit: 0,
      out: `communique-tee ${version}\nSHA-256 of this file: ${built.sha256}\n`,
      err: '',
    });
    const { exit, out } = await run([file, '--help']);
    expect(exit).toBe(0);
    expect(out).toContain('Usage: node communique-tee.mjs');
  });

  it.each([
    ['register'],
    ['prove', '--campaign-note', 'campaign.note'],
    ['send', '--residence', '--message', 'none.json'],
  ])(
    '%s fails before anything else, because this file makes no proofs, and says where a person can make one',
    async (...args) => {
      expect(await run([file, ...args])).toEqual({
        exit: 3,
        out: '',
        err: expect.stringMatching(
          /proving_unavailable\n {2}this file makes no proofs of residence: prove in the gateway's page, or with node tools\/cli\/bin\.mjs in a checkout\n$/,
        ) as string,
      });
    },
  );

  it('has no command that makes tokens', async () => {
    expect(await run([file, 'token'])).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringContaining("unknown command 'token'") as string,
    });
  });

  it.each([['18.20.8'], ['20.18.3'], ['21.7.3'], ['22.11.0']])('refuses Node %s in one line', async (old) => {
    const pretend = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'${old}'}})`;
    expect(await run(['--import', `data:text/javascript,${pretend}`, file, 'offices', 'OH'])).toEqual({
      exit: 3,
      out: '',
      err: `communique-tee.mjs needs Node.js 20.19, 22.12 or newer; this is ${old}. Nothing was done.\n`,
    });
  });

  describe.each(supportedNodes())('on Node %s', (_, node) => {
    it('verifies a document, compares an image, and refuses wrong ones with one line and the right exit code', async () => {
      const image = join(root, 'libs/eif/src/testing/aws-signed/es384.eif');
      const { pcr0, pcr3 } = developmentMeasurements;
      const nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.path }));
      const document = folder.file('document.cose');
      await writeFile(document, await nsm.attest({ nonce: new Uint8Array(32).fill(7) }));
      const trust = ['--pcr0', pcr0, '--pcr3', pcr3];
      const ownRoot = ['--development-root', folder.file('development-root', 'certificate.pem')];
      const nonce = ['--nonce', '07'.repeat(32)];
      const other = 'ab'.repeat(48);
      const tool = (...argv: string[]) => run([file, ...argv], {}, node);

      expect(await tool('verify', document, ...trust, ...ownRoot, ...nonce)).toMatchObject({
        exit: 0,
        out: expect.stringMatching(/^TRUSTED/) as string,
        err: '',
      });
      await writeFile(folder.file('m.json'), (await tool('image', 'measure', image, '--json')).out);
      expect(await tool('image', 'compare', image, '--pcr0', folder.file('m.json'))).toMatchObject({
        exit: 0,
        err: '',
      });
      await writeFile(folder.file('receipt.json'), '{"receipt": {"receipt": "ey');
      for (const [exit, code, ...argv] of [
        [1, 'ERR_ATTESTATION_ROOT', 'verify', document, ...trust, ...nonce],
        [1, 'ERR_ATTESTATION_MEASUREMENT', 'verify', document, '--pcr0', other, '--pcr3', pcr3, ...ownRoot, ...nonce],
        [1, 'DIFFERENT', 'image', 'compare', image, '--pcr0', other],
        [2, 'not_understood', 'receipt', 'verify', folder.file('receipt.json'), ...trust],
        [2, 'usage', 'verify', '--gateway', 'http://communique.example.org', ...trust],
        [2, 'usage', 'verify', document],
        [3, 'unreachable', 'verify', '--gateway', 'http://127.0.0.1:1', ...trust],
        [3, 'file_unreadable', 'receipt', 'verify', '/no/such/receipt.json', ...trust],
      ] as const) {
        const ended = await tool(...argv);
        expect([ended.exit, ended.out + ended.err]).toEqual([exit, expect.stringContaining(code)]);
        expect(ended.out + ended.err).not.toMatch(/^ {4}at /m);
      }
    });
  });

  it('contains the license of every package that is part of it', () => {
    const text = built.bytes.toString();
    const licenses = text.slice(text.indexOf('THIRD-PARTY LICENSES'));
    const contained = new Set(
      [...text.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name = '']) => name),
    );
    expect(contained.size).toBeGreaterThan(4);
    for (const name of contained) expect(licenses).toContain(`${name} `);
    expect(licenses.trimEnd()).toMatch(/\*\/$/);
  });
});

describe('the build of communique-tee.mjs', () => {
  it('installs only the packages that it reads', () => {
    expect([...new Set(['esbuild', ...built.packages])].sort()).toEqual([...PACKAGES].sort());
  });

  it('takes versions and hashes of the packages from package-lock.json', async () => {
    const { packages: all } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string; integrity: string }>;
    };
    const { packages } = lockfile(root);
    const paths = Object.keys(packages).filter((path) => path !== '');
    expect(paths).toEqual(expect.arrayContaining(PACKAGES.map((name) => `node_modules/${name}`)));
    expect(paths.length).toBeLessThan(60);
    for (const path of paths)
      expect(packages[path]).toMatchObject({ version: all[path]?.version, integrity: all[path]?.integrity });
  });

  it('refuses a package with another version than in package-lock.json', async () => {
    const packages = folder.file('other', 'node_modules');
    await mkdir(packages, { recursive: true });
    for (const name of ['esbuild', '@noble', 'cborg', 'zod'])
      await symlink(join(root, 'node_modules', name), join(packages, name));
    await cp(join(root, 'node_modules/commander'), join(packages, 'commander'), { recursive: true });
    const manifest = join(packages, 'commander/package.json');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(/"version": "[^"]+"/, '"version": "0.0.1"'));
    const copy = folder.file('a copy', 'without packages');
    for (const each of ['libs', 'tools/cli', 'tools/image', 'package.json', 'package-lock.json', 'tsconfig.base.json'])
      await cp(join(root, each), join(copy, each), { recursive: true });
    await expect(bundleVerifier(copy, packages)).rejects.toThrow(
      /holds commander 0\.0\.1, and package-lock\.json pins/,
    );
  });

  it('gives the page the file’s name, version, hash and size', async () => {
    const inputs: string[] = [];
    const { outputFiles } = await build({
      absWorkingDir: root,
      stdin: { contents: "export { verifierFile } from './apps/page/src/verifier-file'", resolveDir: root },
      bundle: true,
      write: false,
      format: 'cjs',
      plugins: [verifierFileInPage(root, (paths) => inputs.push(...paths))],
    });
    const module = { exports: {} as { verifierFile?: unknown } };
    new Function('module', outputFiles[0]?.text ?? '')(module);
    expect(module.exports.verifierFile).toEqual({
      name: 'communique-tee.mjs',
      version,
      sha256: built.sha256,
      sizeBytes: built.bytes.length,
      buildCommand: BUILD_COMMAND,
    });
    expect(inputs).toEqual(built.inputs);
  });
});

import { createHash } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

import { describeWith, temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';

const root = workspaceRoot();

/** The npm that comes with Node 20 and 22, and the one that comes with Node 24. Both run a package's install scripts by default. */
const NPMS = [
  {
    version: '10.9.9',
    sha512: '1g+6jLQvaIuB4zwvHL7yrXuXcWZwDsCtBX8bbWDqbvJSSr9nPiDDWTHNgwXR27iIcTTW7v3A57hDW9RYv2W4Yg==',
  },
  {
    version: '11.21.2',
    sha512: '7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==',
  },
];

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { code, output: `${stdout}${stderr}` };
}

/**
 * Installs a pinned npm outside node_modules, because an npm in that folder would replace the npm that runs our scripts.
 *
 * @returns the path of the program; undefined if the registry cannot be reached
 */
function npmProgram(version: string, sha512: string): string | undefined {
  const folder = join(root, '.cache', 'tools', `npm-${version}`);
  const program = join(folder, 'bin', 'npm-cli.js');
  if (existsSync(program)) return program;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    const packed = spawnSync('npm', ['pack', `npm@${version}`, '--silent', '--ignore-scripts'], { cwd: draft });
    if (packed.status !== 0) return undefined;
    const tarball = join(draft, `npm-${version}.tgz`);
    const actual = createHash('sha512').update(readFileSync(tarball)).digest('base64');
    if (actual !== sha512)
      throw new Error(`npm ${version} is not the file that is pinned here: its SHA-512 is ${actual}`);
    spawnSync('tar', ['-xzf', tarball, '-C', draft, '--strip-components=1', '--no-same-owner']);
    rmSync(tarball);
    try {
      renameSync(draft, folder);
    } catch {
      // Another process was first.
    }
    return program;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

const HOOKS = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare', 'prepack'];
const poison = (name: string) => ({
  name,
  version: '1.0.0',
  bin: { [name]: 'run.js' },
  scripts: Object.fromEntries(HOOKS.map((hook) => [hook, `echo ${hook} of ${name} >> "$MARK"`])),
});

/** Writes packages that try to run a program when they are installed, each in a different way. */
async function writePoison(folder: TemporaryFolder, env: NodeJS.ProcessEnv): Promise<void> {
  const write = async (path: string, content: string) => {
    await mkdir(dirname(folder.file(path)), { recursive: true });
    await writeFile(folder.file(path), content);
  };
  const pack = async (name: string) => {
    const packed = await run(
      'npm',
      ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder.path],
      folder.file(name),
      env,
    );
    expect(packed).toMatchObject({ code: 0 });
  };
  await write('scripts/package.json', JSON.stringify(poison('scripts')));
  await write('scripts/run.js', '');
  await pack('scripts');
  // This package has no script, but npm would run node-gyp for it.
  await write('gyp/package.json', JSON.stringify({ name: 'gyp', version: '1.0.0' }));
  await write(
    'gyp/binding.gyp',
    `{ 'variables': { 'x': '<!(echo gyp >> "$MARK")' }, 'targets': [{ 'target_name': 'x', 'type': 'none' }] }`,
  );
  await pack('gyp');
  await write('repository/package.json', JSON.stringify(poison('repository')));
  await write('repository/run.js', '');
  for (const args of [
    ['init', '-q'],
    ['add', '-A'],
    ['commit', '-qm', 'poison'],
  ])
    await run('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.org', ...args], folder.file('repository'), env);
  // A harmless package with a dependency in a git repository. npm 10 runs the `prepare` of such a dependency even with ignore-scripts.
  await write(
    'through-git/package.json',
    JSON.stringify({
      name: 'through-git',
      version: '1.0.0',
      dependencies: { repository: `git+file://${folder.file('repository')}` },
    }),
  );
  await pack('through-git');
  // A package whose files contain another package.
  await write(
    'through-files/package.json',
    JSON.stringify({ name: 'through-files', version: '1.0.0', dependencies: { inner: 'file:./inner' } }),
  );
  await write('through-files/inner/package.json', JSON.stringify(poison('inner')));
  await pack('through-files');
}

for (const { version, sha512 } of NPMS) {
  const npm = npmProgram(version, sha512);
  const availability =
    npm === undefined
      ? ({ available: false, reason: `npm ${version} could not be fetched from the registry` } as const)
      : ({ available: true } as const);
  describeWith(availability, `npm ${version}`, () => {
    let folder: TemporaryFolder;
    let env: NodeJS.ProcessEnv;
    const marks = () => readFile(folder.file('mark'), 'utf8').catch(() => '');
    const ask = (args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
      run(process.execPath, [npm ?? '', ...args, '--no-audit', '--no-fund'], folder.file('checkout'), {
        ...env,
        ...more,
      });
    /** Writes the package.json of a small checkout with our .npmrc and our scripts. The tests install poisoned packages into the checkout. */
    const manifest = async (dependencies: object) =>
      writeFile(
        folder.file('checkout/package.json'),
        JSON.stringify({
          ...(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as object),
          dependencies,
          devDependencies: {},
          optionalDependencies: {},
          overrides: {},
        }),
      );

    beforeEach(async () => {
      folder = await temporaryFolder();
      env = { PATH: process.env['PATH'], HOME: folder.path, MARK: folder.file('mark'), npm_config_offline: 'true' };
      await mkdir(folder.file('checkout'));
      await cp(join(root, '.npmrc'), folder.file('checkout/.npmrc'));
      await writePoison(folder, env);
      await manifest({});
    });
    afterEach(() => folder.remove());

    it('runs the scripts of the poisoned package if install scripts are on', async () => {
      await manifest({ scripts: 'file:../scripts-1.0.0.tgz' });
      expect(await ask(['install'], { npm_config_ignore_scripts: 'false' })).toMatchObject({ code: 0 });
      expect(await marks()).toContain('postinstall of scripts');
    });

    it.each(['install', 'ci', 'rebuild'])('runs no script of a package in the lockfile: npm %s', async (command) => {
      await manifest({ scripts: 'file:../scripts-1.0.0.tgz', gyp: 'file:../gyp-1.0.0.tgz' });
      expect(await ask(['install', '--package-lock-only'])).toMatchObject({ code: 0 });
      if (command === 'rebuild') await ask(['ci']);
      expect(await ask([command])).toMatchObject({ code: 0 });
      expect(await readFile(folder.file('checkout/node_modules/scripts/package.json'), 'utf8')).toContain(
        'postinstall',
      );
      expect(await marks()).toBe('');
    });

    it.each(['scripts', 'gyp', 'through-files'])('runs no script of a new package: npm install %s', async (name) => {
      expect(await ask(['install', `../${name}-1.0.0.tgz`])).toMatchObject({ code: 0 });
      expect(await marks()).toBe('');
    });

    it.each(['through-git', 'repository'])('refuses a package from git: %s', async (name) => {
      const wanted = name === 'repository' ? `git+file://${folder.file('repository')}` : `../${name}-1.0.0.tgz`;
      const ended = await ask(['install', wanted], {
        npm_config_offline: 'false',
        npm_config_registry: 'http://127.0.0.1:9',
      });
      expect(ended.code).not.toBe(0);
      expect(ended.output).toContain('git-dependencies-are-refused');
      expect(await marks()).toBe('');
    });

    it('runs no script of a package that npm exec fetches', async () => {
      await ask(['exec', '--yes', '--', '../scripts-1.0.0.tgz']);
      expect(await marks()).toBe('');
    });
  });
}

describe('the lockfile', () => {
  it('has no package from git, a folder or a URL, because npm might run its scripts', async () => {
    const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { link?: boolean; resolved?: string; integrity?: string; inBundle?: boolean }>;
    };
    const odd = Object.entries(packages).filter(
      ([path, { link, resolved, integrity, inBundle }]) =>
        path !== '' && (link === true || resolved !== undefined || (integrity === undefined && inBundle !== true)),
    );
    expect(odd).toEqual([]);
  });
});

import { chmod, cp, mkdir, readFile, readdir, readlink, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { spawnService, temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';

const root = workspaceRoot();

/** The beginning of our npm scripts. */
const READY = 'node tools/dev/setup/ready.mjs && ';
/** Makes what `npm ci` leaves behind: the folder of programs, and npm's list of what is installed. */
const INSTALL = 'mkdir -p node_modules/.bin && cp package-lock.json node_modules/.package-lock.json';
const ASKED = 'npm ci --ignore-scripts\n';
const lockfile = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } });

/** Tests our setup scripts in a small workspace, with an npm that only records its arguments. */
describe('the first command', () => {
  let folder: TemporaryFolder;
  let env: NodeJS.ProcessEnv;

  const file = async (name: string, content: string, mode?: number) => {
    await mkdir(dirname(folder.file(name)), { recursive: true });
    await writeFile(folder.file(name), content);
    if (mode !== undefined) await chmod(folder.file(name), mode);
  };
  const npm = (script: string) =>
    file('bin/npm', `#!/bin/sh\necho "npm $*" >> "${folder.file('asked')}"\n${script}\n`, 0o755);
  const asked = () => readFile(folder.file('asked'), 'utf8').catch(() => '');
  const command = (...args: string[]) => [join(folder.path, 'tools/dev/setup/with-install.mjs'), ...args];
  const first = async (...args: string[]) => {
    const child = spawn(process.execPath, command(...args), { cwd: '/', env, stdio: ['ignore', 'pipe', 'pipe'] });
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { code, stdout, stderr };
  };

  beforeEach(async () => {
    folder = await temporaryFolder();
    await cp(join(root, 'tools/dev/setup'), folder.file('tools/dev/setup'), { recursive: true });
    await file('package-lock.json', lockfile({}));
    await file(
      'package.json',
      JSON.stringify({ scripts: { 'demo:run': 'node demo.mjs', 'test:run': `${READY}env node demo.mjs` } }),
    );
    await file(
      'demo.mjs',
      "console.log(JSON.stringify(process.argv.slice(2)), process.execPath); process.exit(process.argv[2] === 'fail' ? 7 : 0);",
    );
    await npm(INSTALL);
    env = { PATH: `${folder.file('bin')}:${dirname(process.execPath)}:/usr/bin:/bin`, HOME: folder.path };
  });
  afterEach(() => folder.remove());

  it('installs once, then only when the lockfile changes', async () => {
    expect(await first('demo')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/npm ci.*\nInstalled in [\d.]+ s/) as string,
    });
    expect(await first('demo')).toMatchObject({ code: 0, stderr: '' });
    expect(await asked()).toBe(ASKED);
    await file('package-lock.json', lockfile({ 'node_modules/a': { version: '1.0.0' } }));
    await first('demo');
    expect(await asked()).toBe(ASKED.repeat(2));
  });

  it('uses an installation that a person made with npm ci', async () => {
    await file('node_modules/.package-lock.json', lockfile({}));
    await file('node_modules/.bin/README', '');
    expect(await first('demo')).toMatchObject({ code: 0, stderr: '' });
    expect(await asked()).toBe('');
  });

  it.each<[string, object, object]>([
    [
      'another version of a package',
      { version: '1.0.0', integrity: 'sha512-a' },
      { version: '1.0.1', integrity: 'sha512-a' },
    ],
    [
      'a package with another hash',
      { version: '1.0.0', integrity: 'sha512-a' },
      { version: '1.0.0', integrity: 'sha512-b' },
    ],
  ])('installs again if %s is installed', async (_what, wanted, present) => {
    await file('package-lock.json', lockfile({ 'node_modules/a': wanted }));
    await file('node_modules/.package-lock.json', lockfile({ 'node_modules/a': present }));
    await first('demo');
    expect(await asked()).toBe(ASKED);
  });

  it('installs again if a package is installed that the lockfile lacks, but not if a package for another platform is missing', async () => {
    await file('package-lock.json', lockfile({ 'node_modules/a': { version: '1.0.0', optional: true } }));
    await file('node_modules/.package-lock.json', lockfile({}));
    await file('node_modules/.bin/README', '');
    await first('demo');
    expect(await asked()).toBe('');
    await file('node_modules/.package-lock.json', lockfile({ 'node_modules/b': { version: '1.0.0' } }));
    await first('demo');
    expect(await asked()).toBe(ASKED);
  });

  it('passes arguments to the script, and returns its exit code', async () => {
    expect((await first('demo', '--once', 'two words', '$HOME', "it's")).stdout).toContain(
      '["--once","two words","$HOME","it\'s"]',
    );
    expect((await first('demo', 'fail')).code).toBe(7);
  });

  it('runs on the Node of the workspace', async () => {
    await first('demo');
    await file('node_modules/.bin/node', `#!/bin/sh\n[ "$1" = --version ] && echo v24.9.0 || echo ours "$@"\n`, 0o755);
    expect((await first('demo', '--once')).stdout).toBe('ours demo.mjs --once\n');
  });

  it('runs a script that begins with ready.mjs', async () => {
    await first('demo');
    await file('node_modules/.bin/node', `#!/bin/sh\n[ "$1" = --version ] && echo v24.9.0 || echo ours "$@"\n`, 0o755);
    expect((await first('test', '--some', '--help')).stdout).toBe('ours demo.mjs --some --help\n');
  });

  it('lets every npm script but demo, test and test:unit begin with ready.mjs, and never call `node` right after it', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const others = Object.entries(scripts).filter(([, script]) => !script.startsWith(READY));
    expect(others.map(([name]) => name).sort()).toEqual(['demo', 'test', 'test:unit']);
    for (const script of Object.values(scripts).filter((each) => each.startsWith(READY)))
      expect(script.slice(READY.length)).not.toMatch(/^node /);
  });

  it('links the workspace’s Node if npm did not', async () => {
    if (process.platform !== 'linux') return;
    await file(`node_modules/node-linux-${process.arch}/bin/node`, '#!/bin/sh\necho v24.21.0\n', 0o755);
    const ready = spawn(process.execPath, [folder.file('tools/dev/setup/ready.mjs')], { env, stdio: 'ignore' });
    expect(await new Promise((resolve) => ready.once('close', resolve))).toBe(0);
    expect(await readlink(folder.file('node_modules/.bin/node'))).toBe(`../node-linux-${process.arch}/bin/node`);
  });

  it('refuses a Node that is too old, and says what to do', async () => {
    await first('demo');
    await file('node_modules/.bin/node', '#!/bin/sh\necho v24.8.1\n', 0o755);
    expect(await first('demo')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/24\.9.*v24\.8\.1/) as string,
    });
  });

  it('says which download failed and what to do, and does not start the command', async () => {
    await npm(
      'echo "npm error code E404" >&2; echo "npm error 404 Not Found - GET https://registry.test/@scope%2fname/-/name-1.2.3.tgz - not found" >&2; exit 1',
    );
    const failed = await first('demo');
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('the download of @scope/name (name-1.2.3.tgz) (E404)');
    expect(failed.stderr).toContain('registry does not have this package');
    await npm(
      'echo "npm error code ENOTFOUND" >&2; echo "npm error network request to https://registry.test/koffi failed, reason: getaddrinfo ENOTFOUND registry.test" >&2; exit 1',
    );
    expect((await first('demo')).stderr).toMatch(/the download of koffi \(ENOTFOUND\).*could not be reached/s);
    await npm('echo "npm error code 1" >&2; echo "npm error path /here/node_modules/koffi" >&2; exit 1');
    expect((await first('demo')).stderr).toContain('the install script in /here/node_modules/koffi (exit 1)');
  });

  it('installs again after a failed installation', async () => {
    await first('demo');
    await file('package-lock.json', lockfile({ 'node_modules/a': { version: '1.0.0' } }));
    await npm('exit 1');
    expect((await first('demo')).code).toBe(1);
    await npm(INSTALL);
    expect((await first('demo')).code).toBe(0);
    expect(await asked()).toBe(ASKED.repeat(3));
  });

  it('passes a signal to the command only once, and exits with the command’s exit code', async () => {
    await first('demo');
    await file(
      'demo.mjs',
      "let n = 0; process.on('SIGINT', () => { n += 1; setTimeout(() => { console.log('interrupted ' + n); process.exit(9); }, 200); }); console.log('up'); setInterval(() => {}, 1000);",
    );
    const service = await spawnService({ command: process.execPath, args: command('demo'), env, readyWhen: /up/ });
    process.kill(service.pid, 'SIGINT'); // from the terminal
    await sleep(20);
    process.kill(service.pid, 'SIGINT'); // from npm
    expect(await service.exited).toEqual({ code: 9, signal: null });
    expect(service.output()).toContain('interrupted 1');
  });

  describe('npm test if tools are missing', () => {
    // PATH has only a folder with what a shell script needs, without apt-get and the tools.
    beforeEach(async () => {
      await first('demo');
      await file('bare/README', '');
      const links = { node: process.execPath, sh: '/bin/sh', env: '/usr/bin/env' };
      for (const [name, target] of Object.entries(links))
        await file(`bare/${name}`, `#!/bin/sh\nexec ${target} "$@"\n`, 0o755);
      env = { PATH: folder.file('bare'), HOME: folder.path };
    });

    it('prints which tests do not run and why, and runs the others', async () => {
      const { code, stdout, stderr } = await first('test', '--some');
      expect(stderr).toMatch(/Redis is not here: .* will NOT run/);
      expect(stderr).toMatch(/Chromium is not here/);
      expect(stderr).toContain('no apt-get');
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('["--some",') as string });
    });

    it('leaves the long specs out unless an argument names one', async () => {
      const pattern = JSON.stringify(String.raw`\.long\.integration\.spec\.ts$`);
      expect((await first('test')).stdout).toContain(`["--testPathIgnorePatterns",${pattern}]`);
      expect((await first('test', 'page.long')).stdout).toContain('["page.long"]');
    });

    it('fails when CI is set', async () => {
      env = { ...env, CI: 'true' };
      expect(await first('test')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('CI is set') as string,
      });
    });

    it('accepts tools that a variable names or that are on PATH', async () => {
      for (const name of [
        'nginx',
        'cloud-init',
        'shellcheck',
        'systemd-analyze',
        'logrotate',
        'jq',
        'openssl',
        'psql',
        'cpio',
        'spin',
        'cc',
      ])
        await file(`bare/${name}`, '#!/bin/sh\n', 0o755);
      env = {
        ...env,
        CI: 'true',
        REDIS_URL: 'redis://redis.test',
        CHROMIUM_PATH: '/opt/chromium',
        FIREFOX_PATH: '/opt/firefox',
      };
      expect(await first('test')).toMatchObject({ code: 0, stderr: '' });
    });

    it('unpacks Redis into the cache folder without root, and as root installs the tools without starting a service', async () => {
      const log = folder.file('apt-log');
      await file(
        'bare/dpkg',
        `#!/bin/sh\n[ "$1" = -x ] && /bin/mkdir -p "$3/usr/bin" && echo '#!/bin/sh' > "$3/usr/bin/redis-server" && /bin/chmod 755 "$3/usr/bin/redis-server"\nexit 0\n`,
        0o755,
      );
      await file(
        'bare/apt-get',
        `#!/bin/sh\necho "$*" >> "${log}"\ncase "$*" in\n*" -s "*) echo "Inst redis-server (5)"; echo "Inst liblzf1 (3)";;\n*download*) : > redis-server.deb; : > liblzf1.deb;;\n*chromium) echo "E: no space" >&2; exit 100;;\nesac\n`,
        0o755,
      );
      const { stderr } = await first('test');
      const calls = await readFile(log, 'utf8');
      if (process.getuid?.() === 0) {
        expect(calls).toContain('install -y -q --no-install-recommends redis-server');
        expect(calls.match(/^update/gm)).toHaveLength(1);
        expect(stderr).toContain('E: no space');
      } else {
        expect(calls).toContain('download -q redis-server liblzf1');
        expect(await readdir(folder.file('.cache/tools/redis/usr/bin'))).toEqual(['redis-server']);
        expect(stderr).toContain('needs root');
      }
    });
  });
});

import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installJudge } from './install-judge';
import { findJudge, judgeFolder, lockFile } from './installed';
import { JUDGES, type Judge } from './judges';

const judge = JUDGES.botocore;
const quiet = (): void => undefined;

describe('an outside judge', () => {
  let folder: TemporaryFolder;
  const { PATH, COMMUNIQUE_CACHE_DIR } = process.env;
  beforeEach(async () => {
    folder = await temporaryFolder('judges-');
    await mkdir(folder.file('bin'));
    process.env['PATH'] = `${folder.file('bin')}:/usr/bin:/bin`;
    process.env['COMMUNIQUE_CACHE_DIR'] = folder.file('cache');
  });
  afterEach(async () => {
    Object.assign(process.env, { PATH, COMMUNIQUE_CACHE_DIR });
    if (COMMUNIQUE_CACHE_DIR === undefined) delete process.env['COMMUNIQUE_CACHE_DIR'];
    await folder.remove();
  });

  /** Writes a fake python3 that copies itself into its venv and records the calls of its pip. */
  async function python(version: string, pip: string): Promise<void> {
    const file = folder.file('bin/python3');
    const script = `#!/bin/sh
case "$*" in
  *sys.version_info*) echo '${version}' ;;
  '-m venv '*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  '-m pip '*) echo "$*" > "$(dirname "$0")/../pip-arguments"; ${pip} ;;
esac
`;
    await writeFile(file, script);
    await chmod(file, 0o755);
  }

  it('is absent until it is installed from the current lock', async () => {
    await python('3 11', 'exit 0');
    expect(findJudge(judge)).toEqual({ absent: expect.stringContaining('npm run lab -- judges') as string });
    const installed = await installJudge(judge, quiet);
    expect(installed).toEqual({
      python: join(judgeFolder(judge), 'bin/python'),
      folder: folder.file(`cache/botocore-${judge.version}`),
    });
    expect(findJudge(judge)).toEqual(installed);
    await writeFile(join(judgeFolder(judge), 'complete'), `${'0'.repeat(64)}\n`);
    expect(findJudge(judge)).toHaveProperty('absent');
    expect(await installJudge(judge, quiet)).toEqual(installed);
  });

  it('from PyPI is installed only from wheels with the hashes of its lock', async () => {
    await python('3 13', 'exit 0');
    await installJudge(judge, quiet);
    const used = await readFile(join(judgeFolder(judge), 'pip-arguments'), 'utf8');
    expect(used.trim()).toBe(
      `-m pip install --quiet --no-deps --require-hashes --only-binary :all: -r ${lockFile(judge)}`,
    );
  });

  it('from npm is installed from its lock, and no program of a package runs', async () => {
    const npm = folder.file('bin/npm');
    await writeFile(npm, `#!/bin/sh\n[ "$1" = --version ] || echo "$*" > npm-arguments\n`);
    await chmod(npm, 0o755);
    const { redocly } = JUDGES;
    const installed = await installJudge(redocly, quiet);
    expect(installed).toEqual({
      folder: judgeFolder(redocly),
      program: join(judgeFolder(redocly), 'node_modules/@redocly/cli/bin/cli.js'),
    });
    const used = await readFile(join(judgeFolder(redocly), 'npm-arguments'), 'utf8');
    expect(used).toMatch(/^ci --ignore-scripts .*--prefix /);
    const lock = await readFile(lockFile(redocly), 'utf8');
    expect(await readFile(join(judgeFolder(redocly), 'package-lock.json'), 'utf8')).toBe(lock);
    expect(JSON.parse(await readFile(join(judgeFolder(redocly), 'package.json'), 'utf8'))).toEqual({
      dependencies: { '@redocly/cli': redocly.version },
    });
    await writeFile(npm, '#!/bin/sh\n[ "$1" = --version ] || { echo no answer >&2; exit 1; }\n');
    expect(await installJudge(JUDGES.spectral, quiet)).toEqual({
      absent: expect.stringMatching(/^spectral .* cannot be installed: no answer$/) as string,
    });
  });

  it.each([
    ['an old Python', '3 10', 'exit 0', /Python 3\.11 or later/],
    ['a registry that does not answer', '3 11', 'echo no answer >&2; exit 1', /cannot be installed/],
  ])('is absent with %s, and leaves no files', async (_what, version, pip, reason) => {
    await python(version, pip);
    expect(await installJudge(judge, quiet)).toEqual({ absent: expect.stringMatching(reason) as string });
    expect(await readdir(folder.file('cache')).catch(() => [])).toEqual([]);
  });
});

const all = Object.values<Judge>(JUDGES);
it.each(all.filter(({ registry }) => registry === 'npm'))(
  '$name (npm) is pinned by its lock, without the address of a registry',
  async (pinned) => {
    const text = await readFile(lockFile(pinned), 'utf8');
    expect(text).not.toContain('"resolved"');
    const { packages } = JSON.parse(text) as {
      packages: Record<string, { version?: string; integrity?: string; dependencies?: Record<string, string> }>;
    };
    const { '': root, ...others } = packages;
    const own = (pinned as { package: string }).package;
    expect(root?.dependencies?.[own]).toBe(pinned.version);
    expect(others[`node_modules/${own}`]?.version).toBe(pinned.version);
    for (const { integrity } of Object.values(others)) expect(integrity).toMatch(/^sha512-/);
  },
);

it.each(all.filter(({ registry }) => registry === 'pypi'))(
  '$name (PyPI) is pinned by its lock, without the address of a registry',
  async (pinned) => {
    const lock = await readFile(lockFile(pinned), 'utf8');
    expect(lock).toContain(`${pinned.name}==${pinned.version} `);
    expect(lock).not.toContain('://');
    for (const requirement of lock
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((line) => line !== ''))
      expect(requirement).toMatch(/^[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}/);
  },
);

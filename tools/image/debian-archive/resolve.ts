// Finds the versions and hashes of Debian packages and their dependencies, for a lock file. Only --update-lock and
// `npm run image -- prebuilt` use this module.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { LockedPackage, LockedSource } from './lock';
import { archiveOf, findMirror } from './mirror';
import { SetupError } from './setup-error';

export interface Indexed {
  /** SHA-256 by `indexKey`. */
  readonly sha256: ReadonlyMap<string, string>;
  /** Paths of the signed InRelease files that were read. */
  readonly files: readonly string[];
}

export const indexKey = ({ name, version, architecture }: Pick<LockedPackage, 'name' | 'version' | 'architecture'>) =>
  `${name}=${version} ${architecture}`;

export const DEBIAN_KEYRING =
  process.env['COMMUNIQUE_DEBIAN_KEYRING'] ?? '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface Resolver {
  /**
   * Returns the packages and all their dependencies, but no recommended packages. Ignores what is installed on the machine. `name=version`
   * or `name/suite` picks a version other than the newest in `suites`.
   */
  closure(
    names: readonly string[],
    options?: { suites?: readonly string[]; architecture?: 'amd64' | 'arm64' },
  ): LockedPackage[];
  /** Like `closure`, but without dependencies. */
  only(
    names: readonly string[],
    options?: { suites?: readonly string[]; architecture?: 'amd64' | 'arm64' },
  ): LockedPackage[];
  /** Looks these packages up in Debian's signed index. A package that has left the index has no entry. */
  indexed(packages: readonly LockedPackage[]): Indexed;
  /** Returns the newest source package. */
  source(name: string, suite: string): LockedSource;
  close(): void;
}

/** Uses the machine's apt with its own sources, lists and state. apt checks signatures with Debian's keys. */
export function openResolver(): Resolver {
  const mirror = findMirror();
  const folder = mkdtempSync(join(tmpdir(), 'communique-resolve-'));
  const opened = new Map<string, string[]>();

  function configuration(suites: readonly string[], architecture: string): string[] {
    const key = `${architecture} ${suites.join(' ')}`;
    const known = opened.get(key);
    if (known) return known;
    const base = join(folder, String(opened.size));
    for (const sub of ['state/lists/partial', 'cache/archives/partial'])
      mkdirSync(join(base, sub), { recursive: true });
    const lines = suites.flatMap((suite) =>
      ['deb', 'deb-src'].map(
        (kind) =>
          `${kind} [signed-by=${DEBIAN_KEYRING} arch=${architecture}] ${archiveOf(mirror, suite)} ${suite} main`,
      ),
    );
    writeFileSync(join(base, 'sources.list'), `${lines.join('\n')}\n`);
    writeFileSync(join(base, 'status'), '');
    const options = [
      `Dir::Etc::sourcelist=${join(base, 'sources.list')}`,
      'Dir::Etc::sourceparts=-',
      'Dir::Etc::preferences=-',
      'Dir::Etc::preferencesparts=-',
      `Dir::State=${join(base, 'state')}`,
      `Dir::State::status=${join(base, 'status')}`,
      `Dir::Cache=${join(base, 'cache')}`,
      `APT::Architecture=${architecture}`,
      `APT::Architectures=${architecture}`,
      'APT::Sandbox::User=root',
      'Acquire::Languages=none',
    ].flatMap((option) => ['-o', option]);
    run('apt-get', [...options, 'update', '-q']);
    opened.set(key, options);
    return options;
  }

  function describe(options: readonly string[], picked: readonly { name: string; version: string }[]): LockedPackage[] {
    const records = run('apt-cache', [
      ...options,
      'show',
      '--no-all-versions',
      ...picked.map(({ name, version }) => `${name}=${version}`),
    ]);
    const byName = new Map(
      records.split('\n\n').map((record) => [`${field(record, 'Package')}=${field(record, 'Version')}`, record]),
    );
    const policies = suitesOf(options, picked);
    return picked
      .map(({ name, version }) => {
        const record = byName.get(`${name}=${version}`);
        if (!record) throw new SetupError('version_gone', `${name} ${version} is not in the mirror's index`);
        return {
          name,
          version,
          architecture: field(record, 'Architecture') as LockedPackage['architecture'],
          suite: policies.get(`${name}=${version}`) ?? 'bookworm',
          path: field(record, 'Filename'),
          bytes: Number(field(record, 'Size')),
          sha256: field(record, 'SHA256'),
        };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Returns the suite by `name=version`, from apt's table of versions. */
  function suitesOf(
    options: readonly string[],
    picked: readonly { name: string; version: string }[],
  ): Map<string, string> {
    const table = run('apt-cache', [...options, 'policy', ...picked.map(({ name }) => name)]);
    const found = new Map<string, string>();
    let name = '';
    let version = '';
    for (const line of table.split('\n')) {
      const heading = /^(\S+):$/.exec(line);
      if (heading?.[1]) name = heading[1];
      const row = /^ [ *]{3} (\S+) -?\d+$/.exec(line);
      if (row?.[1]) version = row[1];
      const from = /^ +-?\d+ \S+ ([a-z-]+)\/main /.exec(line);
      if (from?.[1] && name && !found.has(`${name}=${version}`)) found.set(`${name}=${version}`, from[1]);
    }
    return found;
  }

  const pick = (names: readonly string[], suites: readonly string[], architecture: string) => {
    const options = configuration(suites, architecture);
    const plan = run('apt-get', [...options, 'install', '-s', '-q', '--no-install-recommends', ...names]);
    const picked = [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => ({
      name: (name ?? '').replace(/:\w+$/, ''),
      version: version ?? '',
    }));
    return describe(options, picked);
  };

  return {
    closure: (names, { suites = ['bookworm'], architecture = 'amd64' } = {}) => pick(names, suites, architecture),
    only: (names, { suites = ['bookworm'], architecture = 'amd64' } = {}) => {
      const bare = new Set(names.map((name) => name.replace(/[=/].*$/, '')));
      return pick(names, suites, architecture).filter(({ name }) => bare.has(name));
    },
    indexed(packages) {
      const sha256 = new Map<string, string>();
      const files = new Set<string>();
      for (const architecture of ['amd64', 'arm64']) {
        const wanted = packages.filter((each) => each.architecture === architecture || each.architecture === 'all');
        if (wanted.length === 0) continue;
        const options = configuration(['bookworm', 'bookworm-security'], architecture);
        // One call for all packages, because a call for each would take minutes. It names no versions, because a missing one would fail it.
        const records = run('apt-cache', [...options, 'show', ...new Set(wanted.map(({ name }) => name))]);
        for (const record of records.split('\n\n')) {
          const key = { name: field(record, 'Package'), version: field(record, 'Version') };
          const of = field(record, 'Architecture') as LockedPackage['architecture'];
          if (key.name) sha256.set(indexKey({ ...key, architecture: of }), field(record, 'SHA256'));
        }
      }
      for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
        if (file.endsWith('_InRelease')) files.add(join(folder, file));
      return { sha256, files: [...files].sort() };
    },
    source(name, suite) {
      const options = configuration([suite], 'amd64');
      const records = run('apt-cache', [...options, 'showsrc', '--only-source', name])
        .split('\n\n')
        .filter((record) => field(record, 'Package') === name);
      const newest = records.reduce(
        (best, record) => (best && !newer(field(record, 'Version'), field(best, 'Version')) ? best : record),
        '',
      );
      if (!newest) throw new SetupError('version_gone', `the source of ${name} is not in ${suite}`);
      const sums = /^Checksums-Sha256:\s*\n((?: .*\n?)+)/m.exec(newest)?.[1] ?? '';
      const files = [...sums.matchAll(/^ ([0-9a-f]{64}) (\d+) (\S+)$/gm)].map(
        ([, sha256 = '', bytes = '', file = '']) => ({
          path: `${field(newest, 'Directory')}/${file}`,
          bytes: Number(bytes),
          sha256,
        }),
      );
      return { name, version: field(newest, 'Version'), suite, files };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const field = (record: string, name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1]?.trim() ?? '';

const newer = (a: string, b: string): boolean => spawnSync('dpkg', ['--compare-versions', a, 'gt', b]).status === 0;

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20,
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status === 0) return stdout;
  const why =
    error?.message ??
    `${stderr}${stdout}`
      .split('\n')
      .filter((line) => /^[EW]:| Depends: /.test(line))
      .slice(0, 6)
      .join('; ');
  throw new SetupError('download_failed', `${command}: ${why}`);
}

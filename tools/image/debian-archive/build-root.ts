// A build root: Debian's packages, unpacked into a folder that builds enter by chroot. Compiler, libraries and paths then come from the
// lock file and never from the machine, so that a build gives the same bytes everywhere. Nothing is installed on the machine.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { cacheFolder } from '@communique-tee/testing/harness';
import { download } from './download';
import { holdLock } from './hold-lock';
import type { LockedPackage } from './lock';
import { say, seconds } from './say';
import { SetupError } from './setup-error';

/** Increase this number when the code that unpacks changes. */
const LAYOUT = 1;
const MERGED = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
/** Links that Debian's maintainer scripts would make. These scripts are not run. */
const LINKS: readonly (readonly [string, string])[] = [
  ['usr/bin/awk', 'mawk'],
  ['usr/bin/sh', 'dash'],
  ['usr/bin/cc', 'gcc'],
];

export interface BuildRoot {
  readonly folder: string;
  /** The empty folder to build in, which is /build inside the root. */
  readonly work: string;
  /** Runs a shell script in the chroot, as root and with only this environment. Appends the script's output to `logFile`. */
  run(
    script: string,
    options: { logFile: string; env?: Readonly<Record<string, string>>; progress?: (line: string) => void },
  ): Promise<void>;
}

export const keyOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);

/**
 * Makes the root, or uses an existing one, for one build at a time.
 *
 * @throws SetupError no_chroot, busy, and the errors of download()
 */
export async function withBuildRoot<T>(
  name: string,
  packages: readonly LockedPackage[],
  use: (root: BuildRoot) => Promise<T>,
): Promise<T> {
  const folder = join(cacheFolder(), 'roots', `${name}-${keyOf(LAYOUT, packages)}`);
  mkdirSync(join(cacheFolder(), 'roots'), { recursive: true });
  return holdLock(`${folder}.lock`, async () => {
    if (!existsSync(folder)) await unpack(name, packages, folder);
    const work = join(folder, 'build');
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    try {
      return await use({ folder, work, run: (script, options) => runInside(folder, script, options) });
    } finally {
      if (!process.env['COMMUNIQUE_KEEP_BUILD']) rmSync(work, { recursive: true, force: true });
    }
  });
}

async function unpack(name: string, packages: readonly LockedPackage[], folder: string): Promise<void> {
  const startedAtMs = performance.now();
  const files = await download(
    packages.map((file) => ({ file, suite: file.suite, label: `${file.name} ${file.version}` })),
  );
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft);
  for (const file of files) {
    const { status, stderr } = spawnSync('dpkg-deb', ['-x', file, draft], { encoding: 'utf8' });
    if (status !== 0) throw new SetupError('build_failed', `dpkg-deb -x ${file}: ${stderr}`);
  }
  mergeUsr(draft);
  for (const [link, target] of LINKS) {
    const path = join(draft, link);
    if (existsSync(join(draft, 'usr/bin', target))) {
      rmSync(path, { force: true });
      symlinkSync(target, path);
    }
  }
  for (const [sub, mode] of [
    ['dev', 0o755],
    ['proc', 0o555],
    ['tmp', 0o1777],
    ['etc', 0o755],
  ] as const)
    mkdirSync(join(draft, sub), { recursive: true, mode });
  for (const node of ['null', 'zero', 'random', 'urandom']) closeSync(openSync(join(draft, 'dev', node), 'a'));
  writeFileSync(join(draft, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  writeFileSync(join(draft, 'etc/group'), 'root:x:0:\n');
  renameSync(draft, folder);
  say(`build root ${name}: ${packages.length} packages, ${seconds(startedAtMs)}`);
}

/** Makes the layout of Debian since bookworm, in which /bin is a link to /usr/bin. Packages still have the old paths. */
function mergeUsr(root: string): void {
  for (const name of MERGED) {
    const path = join(root, name);
    mkdirSync(join(root, 'usr', name), { recursive: true });
    if (existsSync(path) && lstatSync(path).isDirectory()) {
      const { status, stderr } = spawnSync('cp', ['-a', '--remove-destination', `${path}/.`, join(root, 'usr', name)], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new SetupError('build_failed', `cp: ${stderr}`);
      rmSync(path, { recursive: true });
    }
    if (!existsSync(path)) symlinkSync(`usr/${name}`, path);
  }
}

// The first script mounts file systems (as root, or in a user namespace). The second one makes device nodes, for a container that does not
// allow mounts.
const WITH_MOUNTS = `
for n in null zero random urandom; do mount --bind /dev/$n "$0/dev/$n" || exit 97; done
mount --bind /proc "$0/proc" 2>/dev/null || mount -t proc proc "$0/proc" 2>/dev/null || true
exec chroot "$0" /usr/bin/env -i "$@"`;
const WITH_NODES = `
mk() { [ -c "$0/dev/$1" ] || { rm -f "$0/dev/$1"; mknod -m 666 "$0/dev/$1" c 1 "$2" || exit 97; }; }
mk null 3; mk zero 5; mk random 8; mk urandom 9
exec chroot "$0" /usr/bin/env -i "$@"`;

let entrance: readonly string[] | undefined;

/**
 * Returns the first command that can enter a build root on this machine, and caches it. The caller appends the root's folder.
 */
function findEntrance(folder: string): readonly string[] {
  if (entrance) return entrance;
  const isRoot = process.getuid?.() === 0;
  const ways = [
    ['unshare', isRoot ? '-m' : '-rm', '--propagation', 'private', '/bin/sh', '-c', WITH_MOUNTS],
    ...(isRoot ? [['/bin/sh', '-c', WITH_NODES]] : []),
  ];
  for (const way of ways) {
    const [command = '', ...args] = way;
    if (spawnSync(command, [...args, folder, 'PATH=/usr/bin', 'true'], { stdio: 'ignore' }).status === 0)
      return (entrance = way);
  }
  throw new SetupError(
    'no_chroot',
    'the build root cannot be entered here: run as root, or allow unprivileged user namespaces (kernel.unprivileged_userns_clone, AppArmor)',
  );
}

async function runInside(
  folder: string,
  script: string,
  { logFile, env = {}, progress }: Parameters<BuildRoot['run']>[1],
): Promise<void> {
  const [command = '', ...args] = findEntrance(folder);
  const fixed = { PATH: '/usr/sbin:/usr/bin', HOME: '/', LC_ALL: 'C', TZ: 'UTC', ...env };
  const variables = Object.entries(fixed).map(([name, value]) => `${name}=${value}`);
  const log = openSync(logFile, 'a');
  const child = spawn(
    command,
    [...args, folder, ...variables, '/bin/sh', '-c', `set -eu\numask 022\ncd /build\n${script}`],
    { stdio: ['ignore', log, log], detached: true },
  );
  const watch = progress ? setInterval(() => progress(lastLine(logFile)), 15_000) : undefined;
  // The script runs in a separate process group, so that make's compilers end with it and with us.
  const forward = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // it has ended by itself
    }
  };
  process.once('SIGINT', forward).once('SIGTERM', forward);
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) {
      const tail = readFileSync(logFile, 'utf8').split('\n').slice(-25).join('\n');
      throw new SetupError('build_failed', `the build failed (${code}); the end of ${logFile}:\n${tail}`);
    }
  } finally {
    clearInterval(watch);
    process.off('SIGINT', forward).off('SIGTERM', forward);
    closeSync(log);
  }
}

function lastLine(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.at(-1) ?? '';
}

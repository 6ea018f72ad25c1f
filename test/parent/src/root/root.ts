import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '@communique-tee/testing/harness';
import { holdLock } from '@communique-tee/tools/image/debian-archive/hold-lock';

/** Increase this number when the root file system changes although the constants below stay the same. */
const LAYOUT = 1;
const SUITE = 'bookworm';

/** Debian packages: systemd and other programs that a machine needs to boot, and the parent's programs in place of Amazon Linux's. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'cloud-init', 'procps', 'iproute2', 'e2fsprogs', 'ca-certificates'],
  ...['nginx-light', 'postgresql-15', 'redis-server', 'certbot', 'logrotate', 'jq', 'openssl', 'curl'],
] as const;

/** Units that Debian's packages enable and Amazon Linux's do not. */
const NOT_ENABLED = ['nginx', 'postgresql', 'redis-server', 'certbot.timer'] as const;

const OPTIONS = [
  '--variant=minbase',
  `--include=${PACKAGES.join(',')}`,
  '--dpkgopt=force-unsafe-io',
  ...['doc', 'man', 'info', 'locale', 'lintian'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
  `--customize-hook=chroot "$1" systemctl disable --quiet ${NOT_ENABLED.join(' ')}`,
  // Each booted parent gets its own machine id, host name and resolv.conf. The root must not contain this computer's.
  '--customize-hook=rm -f "$1/etc/machine-id" "$1/etc/hostname" "$1/etc/resolv.conf" && touch "$1/etc/machine-id"',
  '--customize-hook=chmod 0755 "$1"',
] as const;

/** Returns the folder in which this root is kept. Its name depends on LAYOUT, SUITE, OPTIONS and the processor. */
export function rootFolder(): string {
  const key = createHash('sha256')
    .update(JSON.stringify([LAYOUT, SUITE, OPTIONS, process.arch]))
    .digest('hex');
  return join(cacheFolder(), 'parent-root', key.slice(0, 16));
}

/** @returns undefined if the root was not made yet */
export function keptRoot(): string | undefined {
  const folder = rootFolder();
  return existsSync(join(folder, 'made')) ? join(folder, 'root') : undefined;
}

/**
 * Returns the kept root. If there is none, mmdebstrap makes it first.
 * @throws Error with the last lines of mmdebstrap
 */
export async function ensureRoot(say: (line: string) => void): Promise<string> {
  const kept = keptRoot();
  if (kept !== undefined) return kept;
  const folder = rootFolder();
  await mkdir(join(folder, '..'), { recursive: true });
  return holdLock(`${folder}.lock`, async () => {
    const made = keptRoot();
    if (made !== undefined) return made;
    const draft = `${folder}.draft`;
    for (const old of [draft, folder]) await rm(old, { recursive: true, force: true });
    await mkdir(draft);
    say(`making a Debian root for the parent, once (about 0.6 GB): ${folder}`);
    await mmdebstrap(join(draft, 'root'), say);
    await writeFile(join(draft, 'made'), `${new Date().toISOString()}\n`);
    await rename(draft, folder);
    return join(folder, 'root');
  });
}

function mmdebstrap(target: string, say: (line: string) => void): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn('mmdebstrap', [...OPTIONS, SUITE, target], { stdio: ['ignore', 'pipe', 'pipe'] });
    let last = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => {
        last = `${last}${piece}`.slice(-4000);
        for (const line of piece.split('\n')) if (/^I: /.test(line)) say(`  ${line.slice(3).trim()}`);
      });
    child.on('error', failed);
    child.on('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`mmdebstrap ended with ${String(code)}:\n${last.split('\n').slice(-12).join('\n')}`));
    });
  });
}

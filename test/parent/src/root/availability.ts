import { execFileSync } from 'node:child_process';
import { commandAvailability } from '@communique-tee/testing/harness';
import { installAsRoot, isDebian } from '@communique-tee/tools/dev/setup/debian-packages.mjs';

/** Commands, each with the Debian package that contains it. */
const TOOLS = [
  ['systemd-nspawn', 'systemd-container'],
  ['mmdebstrap', 'mmdebstrap'],
  ['pebble', 'pebble'],
  ['openssl', 'openssl'],
  ['ip', 'iproute2'],
  ['mkfs.ext4', 'e2fsprogs'],
] as const;

const missing = () => TOOLS.filter(([command, name]) => !commandAvailability(command, name).available);

/**
 * Returns why this computer cannot boot a parent; undefined if it can. If only Debian packages are missing, installs them first.
 * @param say prints a line of progress
 */
export function whyNotHere(say: (line: string) => void): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'only root can boot a system in a container: run it as root';
  try {
    execFileSync('unshare', ['--mount', '--net', 'mount', '--make-rprivate', '/'], { stdio: 'pipe' });
    execFileSync('losetup', ['--find'], { stdio: 'pipe' });
  } catch {
    return 'this machine does not let a process create its own mounts, networks or loop devices (unshare --mount --net, losetup --find)';
  }
  const packages = missing().map(([, name]) => name);
  if (packages.length === 0) return undefined;
  if (!isDebian())
    return `these programs are missing: ${missing()
      .map(([command]) => command)
      .join(', ')}`;
  say(`installing ${packages.join(', ')}`);
  return installAsRoot(packages);
}

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { commandAvailability, describeWith, spawnService, temporaryFolder } from '@communique-tee/testing/harness';
import { run, type Ran } from './run';

/** What lies in the booted system beside this machine's own files: path -> content and mode. */
export type SystemFiles = Readonly<Record<string, { readonly content: string | Uint8Array; readonly mode: number }>>;

export interface BootedSystem extends AsyncDisposable {
  /** Runs bash as root in it. */
  sh(script: string): Promise<Ran>;
  /** Runs bash until it exits 0, at most five minutes. @throws Error with what it printed last */
  until(script: string): Promise<void>;
}

/** For the boot of twenty units, and for each wait, on a machine whose two cores others use as well. */
const LIMIT_MS = 300_000;

/** A jest block that boots a system, with commands of these Debian packages. Where the machine does not allow it (no root, no mounts), it is skipped loudly, in CI too. */
export function describeBooted(name: string, body: () => void, packages: readonly string[] = []): void {
  // Of this file's tests and hooks, which wait several times.
  jest.setTimeout(3 * LIMIT_MS);
  const { reason } = mayMount();
  if (reason === undefined) {
    const needed = [
      commandAvailability('systemd-nspawn', 'systemd-container'),
      ...packages.map((command) => commandAvailability(command, command)),
    ];
    describeWith(needed.find(({ available }) => !available) ?? { available: true }, name, body);
    return;
  }
  process.stderr.write(`\nSKIPPED: "${name}" does not run: ${reason}\n`);
  describe.skip(name, body);
}

function mayMount(): { readonly reason?: string } {
  if (process.getuid?.() !== 0) return { reason: 'only root can boot a system in a container' };
  try {
    execFileSync('unshare', ['--mount', 'mount', '--make-rprivate', '/'], { stdio: 'pipe' });
    return {};
  } catch {
    return { reason: 'this machine allows no mounts of one’s own (unshare --mount)' };
  }
}

/**
 * Boots this machine's own files under a real systemd, in a container: a memory file system lies over them, so nothing of it stays. None
 * of the machine's enabled units starts; there is no network but loopback.
 */
export async function bootSystem(files: SystemFiles): Promise<BootedSystem> {
  const folder = await temporaryFolder('booted-system');
  for (const [path, { content, mode }] of Object.entries(files)) {
    await mkdir(join(folder.file('files'), dirname(path)), { recursive: true });
    await writeFile(join(folder.file('files'), path), content, { mode });
  }
  await mkdir(folder.file('world'));
  const script = folder.file('boot');
  const root = join(folder.file('world'), 'root');
  await writeFile(
    script,
    `set -euo pipefail
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs ${folder.file('world')}
cd ${folder.file('world')}
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work root
find root/etc/systemd/system -mindepth 1 -delete
tar -C ${folder.file('files')} -cf - . | tar -C root --no-overwrite-dir --no-same-owner -xf -
chmod 0755 root
cat > root/etc/systemd/system/booted.target <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
UNIT
exec systemd-nspawn --quiet --directory=root --machine=communique-$$ --register=no --keep-unit --private-network --boot systemd.unit=booted.target systemd.show_status=no
`,
  );
  const service = await spawnService({ command: 'unshare', args: ['--mount', 'bash', script] });
  const sh = async (text: string): Promise<Ran> => {
    const leader = childOf(service.pid);
    if (leader === undefined) return { code: 1, stdout: '', stderr: `it does not run: ${service.output()}` };
    return run(
      'nsenter',
      ['--target', leader, '--all', '--root', 'sh', '-c', 'cd / && exec bash --norc -c "$0"', text],
      {
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
        timeoutMs: LIMIT_MS,
      },
    );
  };
  let ended = false;
  void service.exited.then(() => {
    ended = true;
  });
  const until = async (text: string): Promise<void> => {
    let last: Ran = { code: 1, stdout: '', stderr: '' };
    for (const end = Date.now() + LIMIT_MS; Date.now() < end && !ended; await sleep(200)) {
      last = await sh(text);
      if (last.code === 0) return;
    }
    throw new Error(`never true: ${text}\n${last.stdout}${last.stderr}`);
  };
  const dispose = async () => {
    await service.stop(20_000);
    await folder.remove();
  };
  try {
    // Polled until PID 1 answers; then systemd itself tells when the boot is over.
    await until('[[ $(systemctl is-system-running --wait) =~ ^(running|degraded)$ ]]');
  } catch (error) {
    await dispose();
    throw new Error(`${root} did not boot: ${service.output()}`, { cause: error });
  }
  return { sh, until, [Symbol.asyncDispose]: dispose };
}

/** systemd-nspawn's first child is the container's PID 1. */
function childOf(pid: number): string | undefined {
  try {
    return (
      readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
        .trim()
        .split(' ')[0] || undefined
    );
  } catch {
    return undefined;
  }
}

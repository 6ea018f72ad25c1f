import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { run, type Ran } from '@communique-tee/parent-files/testing/run';
import { spawnService, workspaceRoot, type Service } from '@communique-tee/testing/harness';

const execute = promisify(execFile);

/** The limit of each wait. It is long, because the computer may be busy. */
const LIMIT_MS = 300_000;

export interface MachineOptions {
  /** The folder of a Debian root file system, which is not changed. */
  readonly root: string;
  /** The folder for the files of the two disks. */
  readonly folder: string;
  /** A folder that the machine sees as /srv/world. */
  readonly shared: string;
  /** The `file` of the MachineNetwork. */
  readonly network: string;
  /** A folder whose files are added to the root, or replace its files, before the first boot. */
  readonly overlay: string;
}

/** A Debian system, booted in a container. */
export interface Machine {
  /** Runs a bash script as root in the machine. */
  sh(script: string): Promise<Ran>;
  /** Runs a script like `sh`. @returns the lines of its output @throws Error if the exit code is not 0 */
  lines(script: string): Promise<string[]>;
  /** Repeats a bash script until its exit code is 0, for at most five minutes. @throws Error with its last output */
  until(script: string): Promise<void>;
  /** Reboots orderly, with `systemctl reboot`. */
  reboot(): Promise<void>;
  /** Ends the machine like a loss of power, and boots it again. */
  cutPower(): Promise<void>;
  stop(): Promise<void>;
}

export async function bootMachine({ root, folder, shared, network, overlay }: MachineOptions): Promise<Machine> {
  const [disk, data] = [join(folder, 'disk'), join(folder, 'data')];
  await execute('truncate', ['--size=4G', disk]);
  await execute('truncate', ['--size=400M', data]);
  await execute('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=1,lazy_journal_init=1', disk]);
  const files = join(folder, 'upper.tar');
  await execute('tar', ['-C', overlay, '--owner=0', '--group=0', '-cf', files, '.']);
  await execute('unshare', [
    ...[
      '--mount',
      'bash',
      '-ec',
      'mount --make-rprivate /; mount -o loop "$0" "$1"; mkdir "$1/upper"; tar -C "$1/upper" -xf "$2"',
    ],
    ...[disk, join(folder, 'root'), files],
  ]);

  let service: Service;
  const start = async () => {
    service = await spawnService({
      command: 'nsenter',
      args: [
        `--net=${network}`,
        'unshare',
        '--mount',
        'bash',
        join(workspaceRoot(), 'test/parent/src/machine/boot.sh'),
      ].concat([root, disk, data, shared]),
    });
    await booted();
  };
  const leader = () => firstProcess(service.pid);
  const sh = async (text: string): Promise<Ran> => {
    const pid = leader();
    if (pid === undefined) return { code: 1, stdout: '', stderr: `the machine does not run: ${service.output()}` };
    return run('nsenter', ['--target', pid, '--all', '--root', 'sh', '-c', 'cd / && exec bash --norc -c "$0"', text], {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      timeoutMs: LIMIT_MS,
    });
  };
  const until = async (text: string): Promise<void> => {
    let last: Ran = { code: 1, stdout: '', stderr: '' };
    for (const end = Date.now() + LIMIT_MS; Date.now() < end; await sleep(200)) {
      last = await sh(text);
      if (last.code === 0) return;
    }
    throw new Error(`this command did not succeed in time: ${text}\n${last.stdout}${last.stderr}`);
  };
  /** Waits until PID 1 answers and systemd reports that the boot is over. */
  const booted = () => until('[[ $(systemctl is-system-running --wait) =~ ^(running|degraded)$ ]]');
  const endAtOnce = async () => {
    const pid = leader();
    if (pid !== undefined) process.kill(Number(pid), 'SIGKILL');
    await Promise.race([service.exited, sleep(5000, undefined, { ref: false })]);
    await service.stop(20_000);
  };
  try {
    await start();
  } catch (error) {
    await endAtOnce();
    throw error;
  }
  return {
    sh,
    until,
    async lines(script) {
      const { code, stdout, stderr } = await sh(script);
      if (code !== 0) throw new Error(`${script}: exit ${String(code)}: ${stdout}${stderr}`);
      return stdout.split('\n').filter((line) => line !== '');
    },
    async reboot() {
      const before = leader();
      await sh('systemctl --no-block reboot');
      for (const end = Date.now() + LIMIT_MS; leader() === before || leader() === undefined; await sleep(100))
        if (Date.now() > end) throw new Error(`the machine did not reboot: ${service.output().slice(-2000)}`);
      await booted();
    },
    async cutPower() {
      await endAtOnce();
      await start();
    },
    stop: endAtOnce,
  };
}

/** Returns the process that is PID 1 in the container: the first child of systemd-nspawn, which the shell of boot.sh starts. */
function firstProcess(pid: number): string | undefined {
  const childOf = (parent: string) => {
    try {
      return (
        readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
          .trim()
          .split(' ')
          .find((child) => child !== '') ?? undefined
      );
    } catch {
      return undefined;
    }
  };
  const nspawn = childOf(String(pid));
  return nspawn === undefined ? undefined : childOf(nspawn);
}

// An enclave image, booted under QEMU: its own kernel, an NSM, vsock. The image is the production one.
import { spawnService, type Service } from '@communique-tee/testing/harness';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { SetupError } from '../debian-archive/setup-error';
import type { ImageArchitecture } from '../inputs/lock-inputs';
import { workingAccelerator, type Accelerator } from './accelerator';
import { ensureEmulator, type Emulator } from './ensure';
import { answerHeartbeat } from './heartbeat';
import { nitroMachine, virtMachine, type Machine } from './machines';

export interface BootOptions {
  /** The checkout, whose lock pins the emulator. */
  readonly root: string;
  /** The .eif. */
  readonly eif: string;
  /** The image's architecture; default x86_64. */
  readonly architecture?: ImageArchitecture;
  /** For sockets, logs and pid files; made when absent. Short: a socket's path has at most 107 bytes. */
  readonly folder: string;
  /** At least four times the image; default 512. */
  readonly memoryMiB?: number;
  readonly cpus?: number;
  /** Folder from makeTestPki, under which documents are signed. Absent: QEMU's documents are unsigned. */
  readonly testPki?: string;
  /** What the NSM says of the parent; PCR4 is made of the id, PCR3 of the role. */
  readonly parentId?: string;
  readonly parentRole?: string;
  readonly moduleId?: string;
  /** How long to wait for the heartbeat; default 120 s, for a busy machine without KVM. */
  readonly readyTimeoutMs?: number;
  /** Default: KVM if it works. arm64 has none here. */
  readonly accelerator?: Accelerator;
  /** QEMU's -rtc, such as `base=1971-01-01`: what the machine's clock reads at start. Default: the host's time. */
  readonly rtc?: string;
  /** Appended to the kernel's command line, which changes no measurement here; on Nitro the whole line is measured. */
  readonly append?: string;
  /** Default true. false: another program listens at `<folder>/vsock_9000`, and the boot does not wait for the heartbeat. */
  readonly answerHeartbeat?: boolean;
}

export interface BootedEnclave extends AsyncDisposable {
  /** The vsock device's socket: `hybrid:<udsPath>:<port>` reaches a port of the enclave, whose connections arrive at `<udsPath>_<port>`. */
  readonly udsPath: string;
  /** "hybrid:...", for libs/vsock and for the gateway's ENCLAVE_ADDRESS. */
  address(port: number): string;
  readonly consoleLog: string;
  /** What the console has shown so far. */
  console(): string;
  readonly accelerator: Accelerator;
  /** From the start of QEMU to the heartbeat. */
  readonly heartbeatMs: number;
  /** Resolves when the enclave has ended by itself or by stop(). */
  readonly exited: Promise<void>;
  /** Ends it at once: an enclave has no other end from outside. */
  stop(): Promise<void>;
}

/**
 * Boots an image and waits for its heartbeat. The emulator is made first if it is not there (minutes). Whatever it starts ends
 * with this process.
 *
 * @throws SetupError build_failed, with the end of the console, when the enclave ends or stays silent; those of ensureEmulator
 */
export async function bootEnclave(options: BootOptions): Promise<BootedEnclave> {
  const emulator = await ensureEmulator(options.root, options.architecture ?? 'x86_64');
  mkdirSync(options.folder, { recursive: true });
  if (options.architecture === 'arm64') return bootWith(emulator, 'tcg', await virtMachine(options), options);
  const accelerator = options.accelerator ?? workingAccelerator(emulator);
  const boot = (by: Accelerator) => bootWith(emulator, by, nitroMachine(options, emulator.firmware, by), options);
  try {
    return await boot(accelerator);
  } catch (error) {
    // Some machines offer KVM and then cannot run a processor with it: only a boot shows that.
    if (accelerator !== 'kvm' || options.accelerator === 'kvm') throw error;
    return boot('tcg');
  }
}

async function bootWith(
  emulator: Emulator,
  accelerator: Accelerator,
  kind: Machine,
  options: BootOptions,
): Promise<BootedEnclave> {
  const { folder, memoryMiB = 512, cpus = 2, readyTimeoutMs = 120_000 } = options;
  const udsPath = join(folder, 'vsock');
  const consoleLog = join(folder, 'console.log');
  const device = join(folder, 'vhost.sock');
  const started: { stop(): Promise<unknown> }[] = [];
  let stopping: Promise<void> | undefined;
  // Once, for all callers: the next attempt may only begin when the sockets of this one are gone.
  const stopAll = () =>
    (stopping ??= (async () => {
      for (const each of started.reverse()) await each.stop();
    })());
  try {
    const heartbeat = options.answerHeartbeat === false ? undefined : await answerHeartbeat(udsPath);
    if (heartbeat) started.push(heartbeat);
    const vsock = await startVsockDevice(emulator, device, udsPath, folder);
    started.push(immediately(vsock));
    const [qemu = '', ...qemuArgs] = emulator.qemu;
    const startedAtMs = performance.now();
    const machine = await spawnService({
      command: qemu,
      args: [
        ...qemuArgs,
        ...kind.options,
        ...['-m', `${memoryMiB}M`, '-smp', String(cpus)],
        ...['-chardev', `socket,id=vsock,path=${device}`],
        ...['-nographic', '-monitor', 'none', '-no-reboot'],
        ...(options.rtc === undefined ? [] : ['-rtc', options.rtc]),
        ...['-append', [kind.append, ...(options.append === undefined ? [] : [options.append])].join(' ')],
      ],
      env: { ...kind.environment, ...(options.testPki === undefined ? {} : { NSM_TEST_PKI: options.testPki }) },
      logFile: consoleLog,
    });
    started.push(immediately(machine));
    const exited = machine.exited.then(stopAll);
    if (heartbeat) await untilBeaten(heartbeat.beaten, machine, readyTimeoutMs);
    return {
      udsPath,
      address: (port) => `hybrid:${udsPath}:${port}`,
      consoleLog,
      console: () => machine.output(),
      accelerator,
      heartbeatMs: performance.now() - startedAtMs,
      exited,
      stop: stopAll,
      [Symbol.asyncDispose]: stopAll,
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

const immediately = (service: Service) => ({ stop: () => service.stop(2_000) });

async function startVsockDevice(emulator: Emulator, device: string, udsPath: string, folder: string): Promise<Service> {
  const [command = '', ...args] = emulator.vhostDeviceVsock;
  rmSync(device, { force: true });
  rmSync(udsPath, { force: true });
  return spawnService({
    command,
    // With the default buffer, what a guest writes beyond 32 KiB hangs.
    args: [...args, '--vm', `guest-cid=4,socket=${device},uds-path=${udsPath},tx-buffer-size=32768`],
    env: {},
    logFile: join(folder, 'vhost-device-vsock.log'),
    readyWhen: () => Promise.resolve(existsSync(device)),
    readyTimeoutMs: 20_000,
  });
}

async function untilBeaten(beaten: Promise<void>, machine: Service, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const outcome = await Promise.race([
    beaten.then(() => 'beaten' as const),
    machine.exited.then(() => 'ended' as const),
    sleep(timeoutMs, 'silent' as const, { signal: timer.signal }),
  ]);
  timer.abort();
  if (outcome === 'beaten') return;
  const tail = machine.output().split('\n').slice(-30).join('\n');
  throw new SetupError(
    'build_failed',
    `the enclave ${outcome === 'ended' ? 'ended before' : `was silent for ${timeoutMs / 1000} s without`} a heartbeat; the end of its console:\n${tail}`,
  );
}

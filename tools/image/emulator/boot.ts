// Boots an enclave image under QEMU, with the image's own kernel, an NSM and vsock.
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
  readonly eif: string;
  /** Default x86_64. */
  readonly architecture?: ImageArchitecture;
  /**
   * The folder for sockets, logs and pid files. It is made if it is missing. Its path must be short, because a socket's path has at most
   * 107 bytes.
   */
  readonly folder: string;
  /** At least four times the size of the image; default 512. */
  readonly memoryMiB?: number;
  readonly cpus?: number;
  /** The folder of makeTestPki with the keys that sign documents. If absent, QEMU's documents are unsigned. */
  readonly testPki?: string;
  /** The NSM makes PCR4 from this id. */
  readonly parentId?: string;
  /** The NSM makes PCR3 from this role. */
  readonly parentRole?: string;
  readonly moduleId?: string;
  /** How long to wait for the heartbeat; default 120 s, for a busy machine without KVM. */
  readonly readyTimeoutMs?: number;
  /** Default: KVM if it works. Ignored for arm64, which always runs under TCG. */
  readonly accelerator?: Accelerator;
  /** QEMU's -rtc, such as `base=1971-01-01`, sets the machine's clock at its start. Default: the host's time. */
  readonly rtc?: string;
  /** Text to append to the kernel's command line. It changes no measurement, because only the command line in the image is measured. */
  readonly append?: string;
  /** Default true. If false, another program must listen at `<folder>/vsock_9000`, and the boot does not wait for the heartbeat. */
  readonly answerHeartbeat?: boolean;
}

export interface BootedEnclave extends AsyncDisposable {
  /**
   * The path of the vsock device's socket. `hybrid:<udsPath>:<port>` is the address of a port of the enclave. A connection from the enclave
   * to a port of the parent arrives at the socket `<udsPath>_<port>`.
   */
  readonly udsPath: string;
  /** Returns an address "hybrid:..." for libs/vsock and for the gateway's TEE_ENDPOINT. */
  address(port: number): string;
  readonly consoleLog: string;
  /** Returns the output of the console so far. */
  console(): string;
  readonly accelerator: Accelerator;
  /** The time from the start of QEMU to the heartbeat. */
  readonly heartbeatMs: number;
  /** Resolves when the enclave has ended. */
  readonly exited: Promise<void>;
  /** Ends the enclave at once. An orderly end from outside is not possible. */
  stop(): Promise<void>;
}

/**
 * Boots an image and waits for its heartbeat. Builds the emulator first if it is missing, which takes minutes. The enclave ends with this
 * process.
 *
 * @throws SetupError build_failed, with the last lines of the console, if the enclave ends or sends no heartbeat in time; and the errors of
 * ensureEmulator
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
    // Some machines offer KVM but cannot run a processor with it, which only a boot shows.
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
  // All callers wait for the same stop, because the next attempt must not begin before the sockets of this one are gone.
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
    // With the default buffer, a write of more than 32 KiB in the guest hangs.
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
    `the enclave ${outcome === 'ended' ? 'ended before its heartbeat' : `sent no heartbeat in ${timeoutMs / 1000} s`}; the end of its console:\n${tail}`,
  );
}

import type { Chamber } from '@communique-tee/protocol';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { bootEnclave, makeTestPki, type BootedEnclave } from '@communique-tee/emulator';
import { buildImage, type BuiltImage } from '@communique-tee/image-build';
import { spawnService, workspaceRoot } from '@communique-tee/testing/harness';
import { developmentMeasurements, developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import {
  APP_PORT,
  imageConfiguration,
  type EnclaveProvider,
  type EnclaveSurroundings,
  type ResidenceSettings,
} from '@communique-tee/test-system';

const LOG_PORT = 9001;
/** The longest time from init's heartbeat to the app's log line `enclave_listening`. */
const APP_READY_TIMEOUT_MS = 120_000;

export interface EmulatedEnclaveOptions {
  /** Default: x86_64. */
  readonly architecture?: 'x86_64' | 'arm64';
  /** Which proofs of residence the enclave accepts. Default: none. */
  readonly residence?: ResidenceSettings;
  /** Builds a control image, whose init does not set the clock. */
  readonly leavesClockAlone?: boolean;
}

/** An enclave that boots in an emulator, with the parent's programs. */
export interface EmulatedEnclave extends EnclaveProvider {
  readonly image: BuiltImage;
  /** The enclave that runs now. */
  readonly booted: BootedEnclave;
  /** The value of QEMU's `-rtc` from the next start on, such as `base=1971-01-01`. */
  rtc: string | undefined;
  /** Lets the parent's proxy connect only to this chamber, or to all destinations again. Cuts open connections. */
  openEgress(which: Chamber | 'all'): Promise<void>;
  /** Returns the lines of the enclave's init and app that the parent's log collector has written so far. */
  log(): Record<string, unknown>[];
  stop(): Promise<void>;
}

/** Builds an image that delivers to the Congress simulator, and starts the parent's programs. The returned `start` boots the image. */
export async function emulatedEnclave(
  { folder, logFolder, congressFile, step }: EnclaveSurroundings,
  { architecture = 'x86_64', residence, leavesClockAlone = false }: EmulatedEnclaveOptions = {},
): Promise<EmulatedEnclave> {
  const root = workspaceRoot();
  // The path of a unix socket must be short.
  const sockets = await mkdtemp(join(tmpdir(), 'ct-'));
  const { configuration, routes } = await imageConfiguration(congressFile, residence);
  const configurationFile = join(folder, 'emulated.json');
  await writeFile(configurationFile, `${JSON.stringify(configuration, null, 2)}\n`);
  const image = await step('build the image', () =>
    buildImage({
      root,
      arch: architecture,
      ...(leavesClockAlone && { initForTests: { leavesClockAlone } }),
      configurationFile,
      outFolder: join(folder, 'image'),
      step: (_title, work) => work(),
    }),
  );
  const pki = await makeTestPki(join(folder, 'nsm-pki'));

  const udsPath = join(sockets, 'vsock');
  const parent = async (name: string, ...args: string[]) =>
    spawnService({
      command: process.execPath,
      args: [join(root, 'dist/apps/parent/main.js'), name, ...args],
      env: {},
      logFile: join(logFolder, `${name}.log`),
      readyWhen: /listening/,
    });
  await promisify(execFile)(process.execPath, [join(root, 'tools/dev/build/build.mjs'), 'parent'], { cwd: root });
  const startProxy = (which: Chamber | 'all') =>
    parent(
      'egress-proxy',
      ...routes
        .filter(({ chamber }) => which === 'all' || chamber === which)
        .flatMap(({ vsockPort, destination }) => ['--route', `hybrid:${udsPath}:${String(vsockPort)}=${destination}`]),
    );
  let egressProxy = await step('start the parent’s egress proxy', () => startProxy('all'));
  const logCollector = await step('start the parent’s log collector', () =>
    parent('log-collector', '--listen', `hybrid:${udsPath}:${String(LOG_PORT)}`),
  );
  let booted: BootedEnclave | undefined;
  const log = () => logCollector.output().split('\n').flatMap(asEvent);
  const listening = () => log().filter(({ event }) => event === 'enclave_listening').length;
  const enclave: EmulatedEnclave = {
    address: `hybrid:${udsPath}:${String(APP_PORT)}`,
    rootPem: pki.rootPem,
    pcr0: image.measurements.pcr0,
    pcr3: developmentMeasurements.pcr3,
    image,
    rtc: undefined,
    async openEgress(which) {
      await egressProxy.kill();
      egressProxy = await startProxy(which);
    },
    get booted() {
      if (booted === undefined) throw new Error('not booted yet');
      return booted;
    },
    log,
    async start() {
      const before = listening();
      const started = await bootEnclave({
        root,
        eif: image.image,
        architecture,
        ...(enclave.rtc !== undefined && { rtc: enclave.rtc }),
        folder: sockets,
        testPki: pki.folder,
        parentRole: developmentRoleArn,
      });
      booted = started;
      const until = Date.now() + APP_READY_TIMEOUT_MS;
      while (listening() === before) {
        if (Date.now() > until)
          throw new Error(`the app did not start; the end of the console:\n${started.console().slice(-4000)}`);
        await sleep(100);
      }
      const stop = async () => {
        await started.stop();
        return { code: null, signal: null };
      };
      return { stop, kill: stop };
    },
    async stop() {
      await Promise.all([egressProxy.stop(), logCollector.stop()]);
      await rm(sockets, { recursive: true, force: true });
    },
  };
  return enclave;
}

function asEvent(line: string): Record<string, unknown>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return [];
  }
}

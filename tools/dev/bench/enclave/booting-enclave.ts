import { developmentMeasurements, developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import { bootEnclave, makeTestPki, type BootedEnclave } from '../../../image/emulator';
import { buildImage, type BuiltImage } from '../../../image/build';
import { workspaceRoot } from '@communique-tee/testing/harness';
import {
  APP_PORT,
  imageConfiguration,
  type EnclaveProvider,
  type EnclaveSurroundings,
} from '@communique-tee/test-system';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstDocument } from './first-document';
import { startParent } from './parent';

const BETWEEN_LOOKS_MS = 25;
const APP_READY_TIMEOUT_MS = 90_000;
export const DEFAULT_MEMORY_MIB = 512;

/** Each time counts from the start of QEMU. */
export interface BootTimes {
  readonly heartbeatMs: number;
  /** Until the parent's log collector has the app's line `enclave_listening`. */
  readonly listeningMs: number;
  readonly firstDocumentMs: number;
}

export interface BootingEnclave extends EnclaveProvider {
  readonly image: BuiltImage;
  /** The vsock device's socket. */
  readonly udsPath: string;
  /** The times of each start after which the enclave answered. */
  readonly boots: readonly BootTimes[];
  readonly accelerator: BootedEnclave['accelerator'] | undefined;
  /** The memory for later starts. */
  memoryMiB: number;
}

/**
 * Builds an image whose configuration names the simulated Congress, and starts the parent's programs. Each `start` boots the enclave and
 * records how long the boot took.
 */
export async function bootingEnclave({ folder, congressFile, step }: EnclaveSurroundings): Promise<BootingEnclave> {
  const root = workspaceRoot();
  const { configuration, routes } = await imageConfiguration(congressFile);
  const configurationFile = join(folder, 'emulated.json');
  await writeFile(configurationFile, JSON.stringify(configuration), { mode: 0o600 });
  const image = await step('build the image', () =>
    buildImage({
      root,
      arch: 'x86_64',
      configurationFile,
      outFolder: join(folder, 'image'),
      step: (_title, work) => work(),
    }),
  );
  const pki = await makeTestPki(join(folder, 'nsm-pki'));
  // The path of a socket must be short
  const sockets = await mkdtemp(join(tmpdir(), 'cb-'));
  const udsPath = join(sockets, 'vsock');
  const parent = await startParent(folder, udsPath, routes);
  const address = `hybrid:${udsPath}:${String(APP_PORT)}`;
  const listening = () => parent.collector.output().split('"enclave_listening"').length - 1;
  const boots: BootTimes[] = [];
  let accelerator: BootedEnclave['accelerator'] | undefined;
  const enclave: BootingEnclave = {
    address,
    udsPath,
    rootPem: pki.rootPem,
    pcr0: image.measurements.pcr0,
    pcr3: developmentMeasurements.pcr3,
    image,
    boots,
    memoryMiB: DEFAULT_MEMORY_MIB,
    get accelerator() {
      return accelerator;
    },
    async start() {
      const before = listening();
      const booted = await bootEnclave({
        root,
        eif: image.image,
        folder: sockets,
        parentRole: developmentRoleArn,
        testPki: pki.folder,
        memoryMiB: enclave.memoryMiB,
      });
      accelerator = booted.accelerator;
      const startedAtMs = performance.now() - booted.heartbeatMs;
      const sinceStart = () => performance.now() - startedAtMs;
      const ended = new AbortController();
      void booted.exited.then(() => {
        ended.abort(new Error('the enclave ended before its first answer'));
      });
      const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(APP_READY_TIMEOUT_MS)]);
      try {
        const [listeningMs, firstDocumentMs] = await Promise.all([
          untilTrue(() => listening() > before, signal).then(sinceStart),
          firstDocument(address, BETWEEN_LOOKS_MS, signal).then(sinceStart),
        ]);
        boots.push({ heartbeatMs: booted.heartbeatMs, listeningMs, firstDocumentMs });
      } catch (error) {
        await booted.stop();
        throw error;
      }
      const stop = async () => {
        await booted.stop();
        return { code: null, signal: null };
      };
      return { stop, kill: stop };
    },
    async stop() {
      await parent.stop();
      await rm(sockets, { recursive: true, force: true });
    },
  };
  return enclave;
}

async function untilTrue(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted();
    await sleep(BETWEEN_LOOKS_MS);
  }
}

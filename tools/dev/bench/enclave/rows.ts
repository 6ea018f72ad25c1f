import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { redisAvailability, startRedis } from '@communique-tee/testing/redis';
import { HIGH_RATE_LIMITS, startSystem } from '@communique-tee/test-system';
import { join } from 'node:path';
import { SetupError } from '../../../image/debian-archive/setup-error';
import { ensureEmulator } from '../../../image/emulator/ensure';
import { BuildError } from '../../../image/build';
import type { Row } from '../measure';
import { settledMiB } from '../memory/resident';
import { attestationCallRows } from './attestation-rows';
import { bootRows } from './boot-rows';
import { DEFAULT_MEMORY_MIB, bootingEnclave, type BootingEnclave } from './booting-enclave';
import { runEnclaveLoad } from './load/run';
import { heldRows, leastMemoryRow } from './memory-rows';
import { bundle } from './parent';
import { startPlainProcess } from './plain-process';
import { sizeRows } from './size/rows';
import { touchedMiB } from './touched-memory';
import { transportRows } from './transport-rows';

const BOOTS = 3;
const PLAIN_STARTS = 4;
const LOAD_BEFORE_MEMORY = 300;

/** Measures the production image in QEMU's nitro-enclave machine. If the image cannot be built or booted, one row says why. */
export async function enclaveRows(): Promise<Row[]> {
  try {
    await ensureEmulator(workspaceRoot(), 'x86_64');
    return await measuredRows();
  } catch (error) {
    if (!(error instanceof SetupError || error instanceof BuildError)) throw error;
    return [
      {
        what: 'the booted image',
        value: null,
        unit: 's',
        note: `${error.code}: ${error.message.split('\n')[0] ?? ''}`,
      },
    ];
  }
}

/** Measures the enclave with its parent, a gateway and simulated Congress. */
async function measuredRows(): Promise<Row[]> {
  const startedMs = performance.now();
  const step = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    process.stderr.write(`  ${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${title}\n`);
    return work();
  };
  const stops = new AsyncDisposableStack();
  try {
    const folder = await temporaryFolder('bench-enclave');
    stops.defer(() => folder.remove());
    const redis = redisAvailability({ own: true }).available ? await startRedis({ own: true }) : undefined;
    if (redis !== undefined) stops.defer(() => redis.stop());
    let made: BootingEnclave | undefined;
    const system = await startSystem({
      folder: folder.path,
      ...(redis && { redisUrl: redis.url }),
      enclave: async (surroundings) => (made = await bootingEnclave(surroundings)),
      gatewayEnvironment: {
        ...{
          DELIVERY_MIN_BACKOFF_MS: '50',
          DELIVERY_MAX_BACKOFF_MS: '500',
          DELIVERY_POLL_MS: '100',
          ENCLAVE_TIMEOUT_MS: '30000',
          DELIVERY_LEASE_MS: '40000',
        },
        ...HIGH_RATE_LIMITS,
      },
      step,
    });
    stops.defer(() => system.stop());
    const enclave = made;
    if (enclave === undefined) throw new Error('no enclave was made');
    const touched = () => touchedMiB(enclave.image.image, DEFAULT_MEMORY_MIB);
    while (enclave.boots.length < BOOTS) {
      await step('boot again', async () => {
        await system.kill('enclave');
        await system.start('enclave');
      });
    }
    const machine: Parameters<typeof heldRows>[1] = { started: touched() };

    const congressFile = join(folder.path, 'congress', 'congress.json');
    const development = await bundle('enclave', folder.file('development'), '--dev');
    const plainMs: number[] = [];
    let plain = await step('the app as a process', () => startPlainProcess(development, folder.path, congressFile));
    // The first start does not count, because it also made the mock NSM's root
    while (plainMs.length < PLAIN_STARTS - 1) {
      await plain.service.stop();
      plain = await startPlainProcess(development, folder.path, congressFile);
      plainMs.push(plain.firstDocumentMs);
    }
    const { service, address } = plain;
    stops.defer(async () => void (await service.stop()));
    const held: Parameters<typeof heldRows>[0] = { started: await settledMiB(service.pid) };
    await step('the same load for both, for their memory', async () => {
      for (const each of [address, enclave.address])
        await runEnclaveLoad({
          target: { kind: 'enclave', address: each, ask: 'message' },
          senders: 8,
          warmUpMs: 0,
          requests: LOAD_BEFORE_MEMORY,
        });
    });
    [held.loaded, machine.loaded] = [await settledMiB(service.pid), touched()];

    const accelerator = enclave.accelerator ?? 'unknown';
    const boot = bootRows(enclave.boots.slice(0, BOOTS), plainMs, accelerator);
    const transport = await step('requests through vsock', () =>
      transportRows({ enclave: enclave.address, udsPath: enclave.udsPath, plain: address }),
    );
    const attestation = await step('attestation documents', () =>
      attestationCallRows(enclave.address, system.gatewayUrl, accelerator),
    );
    await service.stop();
    const least = await step('the least memory', () => leastMemoryRow(system, enclave));
    const production = await bundle('enclave', folder.file('production'));
    const size = await step('sizes', () => sizeRows(enclave.image.image, join(production, '..', 'meta.json')));
    return [...boot, ...size, ...heldRows(held, machine), least, ...transport, ...attestation];
  } finally {
    await stops.disposeAsync();
  }
}

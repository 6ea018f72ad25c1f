import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type TrustPolicy,
} from '@communique-tee/client';
import type { System } from '@communique-tee/test-system';
import { plantedMessage } from '@communique-tee/test-system';
import { beside, notMeasured, type Row } from '../measure';
import { DEFAULT_MEMORY_MIB, type BootingEnclave } from './booting-enclave';

/** The largest first. The search assumes that an image that boots with one size boots with all larger sizes. */
const SIZES_MIB = [512, 448, 400, 384, 352, 320, 288, 256];
const DELIVERY_TIMEOUT_MS = 60_000;
const MIB = 1024 * 1024;

/** Returns rows with the memory of the app: as a process on this machine, and in a booted enclave. All numbers are MiB. */
export function heldRows(
  process: { started?: number | undefined; loaded?: number | undefined },
  machine: { started?: number | undefined; loaded?: number | undefined },
): Row[] {
  const row = (what: string, value: number | undefined): Row =>
    value === undefined ? notMeasured(what, 'MiB', '/proc/<pid>/smaps') : { what, value, unit: 'MiB' };
  const [started, loaded] = [
    row('the app as a process here, resident, just started', process.started),
    row('the app as a process here, resident, after its load', process.loaded),
  ];
  return [
    { ...started, note: 'the development bundle, which contains the mock NSM' },
    loaded,
    {
      ...beside(row('booted enclave, memory ever touched, just started', machine.started), started),
      note: `of ${String(DEFAULT_MEMORY_MIB)} MiB; includes the kernel, the unpacked image and freed memory`,
    },
    beside(row('booted enclave, memory ever touched, after its load', machine.loaded), loaded),
  ];
}

/**
 * Finds the smallest of SIZES_MIB with which the image boots and delivers a message to three offices. Afterwards the enclave has the memory
 * of the last try, and may not run.
 */
export async function leastMemoryRow(system: System, enclave: BootingEnclave): Promise<Row> {
  // Nitro refuses an enclave with less memory than four times its image
  const asked = {
    what: 'four times the image, the least that Nitro accepts',
    value: (4 * enclave.image.sizeBytes) / MIB,
  };
  let [works, fails] = [-1, SIZES_MIB.length];
  let lastError = '';
  while (fails - works > 1) {
    const at = Math.floor((works + fails) / 2);
    enclave.memoryMiB = SIZES_MIB[at] ?? DEFAULT_MEMORY_MIB;
    await system.kill('enclave');
    try {
      await system.start('enclave');
      await deliverOne(system, enclave);
      works = at;
    } catch (error) {
      fails = at;
      lastError = `${String(enclave.memoryMiB)} MiB: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
    }
  }
  enclave.memoryMiB = DEFAULT_MEMORY_MIB;
  const least = SIZES_MIB[works];
  const row: Row = {
    what: 'least memory with which it boots and delivers',
    value: least ?? null,
    unit: 'MiB',
    note: `tried ${SIZES_MIB.join(', ')}; ${lastError === '' ? 'all worked' : `it failed with ${lastError}`}`,
  };
  return beside(row, asked);
}

async function deliverOne(system: System, enclave: BootingEnclave): Promise<void> {
  const policy: TrustPolicy = {
    acceptedMeasurements: [{ ...enclave.image.measurements, operator: 'any' }],
    trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
  };
  const prepared = await prepareMessage(plantedMessage().message, await fetchEnclaveKey(system.gatewayUrl, policy));
  await postMessage({ gateway: system.gatewayUrl, token: await system.issuer.token('bench') }, prepared);
  const view = await followMessage(
    { gateway: system.gatewayUrl, token: await system.issuer.token('bench') },
    prepared.id,
    { timeoutMs: DELIVERY_TIMEOUT_MS },
  );
  if (view.status !== 'delivered') throw new Error(`the message ended as ${view.status}`);
  await verifyResult(view, prepared, policy);
}

import { freePort, spawnService, type Service } from '@communique-tee/testing/harness';
import { existsSync } from 'node:fs';
import { beside, notMeasured, type Row } from '../measure';
import { isInstalled } from '../process/run-part';
import type { EnclaveLoadJob, EnclaveLoadResult } from './load/job';
import { runEnclaveLoad } from './load/run';

const ROUNDS = 2;
const WARM_UP_MS = 500;
const DURATION_MS = 2500;
const AT_ONCE = 8;
const PLAIN = 'a process here over loopback TCP';
const BRIDGED = 'through socat';

type Ask = 'health' | 'message';

export interface Addresses {
  readonly enclave: string;
  readonly udsPath: string;
  /** The address of the same app, started as an ordinary process. */
  readonly plain: string;
}

/**
 * Measures the gateway's enclave client over emulated vsock. Compares it with the same requests through socat, and with requests to the app
 * as an ordinary process.
 */
export async function transportRows({ enclave, udsPath, plain }: Addresses): Promise<Row[]> {
  const bridge = await startSocat(udsPath);
  try {
    const rows: Row[] = [];
    for (const [ask, what] of [
      ['health', 'GET /health'],
      ['message', 'POST 2 KiB'],
    ] as const) {
      for (const senders of [1, AT_ONCE]) {
        const contenders = [plain, enclave, ...(bridge === undefined ? [] : [bridge.address(enclave)])];
        const [process, vsock, socat] = await best(contenders.map((address) => jobOf(address, ask, senders)));
        rows.push(...(senders === 1 ? latencies(what, process, vsock, socat) : rates(what, process, vsock, socat)));
      }
    }
    return rows;
  } finally {
    await bridge?.service.stop();
  }
}

const jobOf = (address: string, ask: Ask, senders: number): EnclaveLoadJob => ({
  target: { kind: 'enclave', address, ask },
  senders,
  warmUpMs: WARM_UP_MS,
  durationMs: DURATION_MS,
});

/** Runs the jobs in turn, and returns the fastest round of each, because noise only slows a round. */
async function best(jobs: readonly EnclaveLoadJob[]): Promise<(EnclaveLoadResult | undefined)[]> {
  const found: (EnclaveLoadResult | undefined)[] = jobs.map(() => undefined);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = [...jobs.entries()];
    // The enclave's code gets faster while it runs, so each round reverses the order of the round before
    for (const [at, job] of round % 2 === 0 ? turns : turns.reverse()) {
      const result = await runEnclaveLoad(job);
      if (result.ratePerSecond > (found[at]?.ratePerSecond ?? 0)) found[at] = result;
    }
  }
  return found;
}

function latencies(
  what: string,
  process: EnclaveLoadResult | undefined,
  vsock: EnclaveLoadResult | undefined,
  socat: EnclaveLoadResult | undefined,
): Row[] {
  return (['p50', 'p99'] as const).flatMap((percentile) => {
    const row = (by: string, result: EnclaveLoadResult | undefined): Row => ({
      what: `${what}, ${by}, ${percentile}`,
      value: result?.[percentile] ?? null,
      unit: 'ms',
    });
    return compared(
      row(PLAIN, process),
      row('emulated vsock', vsock),
      socat === undefined ? notMeasured(`${what}, ${BRIDGED}, ${percentile}`, 'ms', 'socat') : row(BRIDGED, socat),
    );
  });
}

function rates(
  what: string,
  process: EnclaveLoadResult | undefined,
  vsock: EnclaveLoadResult | undefined,
  socat: EnclaveLoadResult | undefined,
): Row[] {
  const named = `${what}, ${String(AT_ONCE)} at once`;
  const row = (by: string, result: EnclaveLoadResult | undefined): Row => ({
    what: `${named}, ${by}`,
    value: result?.ratePerSecond ?? null,
    unit: 'req/s',
    ...(result && { note: `p50 ${result.p50.toFixed(1)}, p99 ${result.p99.toFixed(1)} ms` }),
  });
  return compared(
    row(PLAIN, process),
    row('emulated vsock', vsock),
    socat === undefined ? notMeasured(`${named}, ${BRIDGED}`, 'req/s', 'socat') : row(BRIDGED, socat),
  );
}

const compared = (process: Row, vsock: Row, socat: Row): Row[] => [
  process,
  socat,
  beside(vsock, process),
  beside(vsock, socat),
];

/**
 * Starts one hop of socat, like the documented fallback on a parent, but with a UNIX socket on both sides. The emulator's vsock device reads
 * the port from a handshake, which socat passes on unchanged.
 */
async function startSocat(
  udsPath: string,
): Promise<{ address(enclave: string): string; readonly service: Service } | undefined> {
  if (!isInstalled('socat')) return undefined;
  const bridge = `${udsPath}.socat-${String(await freePort())}`;
  const service = await spawnService({
    command: 'socat',
    args: [`UNIX-LISTEN:${bridge},fork,backlog=64,unlink-early`, `UNIX-CONNECT:${udsPath}`],
    readyWhen: () => Promise.resolve(existsSync(bridge)),
  });
  return { address: (enclave) => enclave.replace(udsPath, bridge), service };
}

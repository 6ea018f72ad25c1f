import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { atRate, topRate } from '../gateway/loads';
import { startGateway, type BenchGateway } from '../gateway/start-gateway';
import { latencyOf } from '../latency-rows';
import { beside, type Row, type SectionOptions } from '../measure';
import { empty, fill, ROWS, scannedRows, sizeMiB } from './fill';

/** With full tables, rate and latency may be worse by this factor. */
const AIM = 1.2;
const ROUNDS = 2;
/** PostgreSQL updates its counters with a delay. */
const STATISTICS_MS = 1500;

/** Measures rate and latency of accepted POSTs with empty tables, and again with a million ended messages and reservations. */
export async function fullRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  const gateway = await startGateway({
    profile: profileFolder === undefined ? undefined : { folder: profileFolder, name: 'full' },
  });
  const client = new Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  try {
    await empty(client);
    const few = await withScans(client, () => measure(gateway, client));
    await empty(client);
    const startedMs = performance.now();
    await fill(client, (text) => process.stderr.write(`  filled in ${text}\n`));
    const filledIn = (performance.now() - startedMs) / 1000;
    const full = await withScans(client, () => measure(gateway, client, few.measured.atRate));

    const rows = ({ top, atRate: rate, latency }: Measured, where: string) => ({
      top: { what: `accepted POST, ${where}`, value: top, unit: 'req/s' } satisfies Row,
      ...latencyOf(`accepted POST at ${rate.toFixed(0)} req/s, ${where}`, latency),
    });
    const [onEmpty, onFull] = [rows(few.measured, 'empty tables'), rows(full.measured, 'full tables')];
    const size: Row = {
      what: `database with ${ROWS.toLocaleString('en')} messages and reservations`,
      value: await sizeMiB(client),
      unit: 'MiB',
      note: `filled in ${filledIn.toFixed(0)} s; receipts of 1 KiB, no documents`,
    };
    return [
      size,
      { ...onEmpty.top, note: few.scanned },
      onEmpty.p50,
      onEmpty.p99,
      { ...beside(onFull.top, onEmpty.top, { atLeast: 1 / AIM }), note: full.scanned },
      beside(onFull.p50, onEmpty.p50, { atMost: AIM }),
      beside(onFull.p99, onEmpty.p99, { atMost: AIM }),
    ];
  } finally {
    await client.end();
    await gateway.stop();
  }
}

interface Measured {
  readonly top: number;
  readonly atRate: number;
  readonly latency: Parameters<typeof latencyOf>[1];
}

/** Runs a measurement, and also returns how many rows sequential scans read meanwhile. */
async function withScans(
  client: Client,
  run: () => Promise<Measured>,
): Promise<{ measured: Measured; scanned: string }> {
  const before = await scannedRows(client);
  const measured = await run();
  await sleep(STATISTICS_MS);
  const read = [...(await scannedRows(client))].map(
    ([name, rows]) => `${name} ${(rows - (before.get(name) ?? 0)).toLocaleString('en')}`,
  );
  return { measured, scanned: `rows read by sequential scans meanwhile: ${read.join(', ')}` };
}

/** Each measurement begins with an empty queue, so that waiting jobs do not count. */
async function measure(gateway: BenchGateway, client: Client, rate?: number): Promise<Measured> {
  let top = 0;
  for (let round = 0; round < ROUNDS; round++) {
    top = Math.max(top, (await topRate(gateway, 5000)).ratePerSecond);
    await client.query('TRUNCATE delivery_job');
  }
  const arrivals = rate ?? top / 2;
  const { latencyMs } = await atRate(gateway, arrivals);
  await client.query('TRUNCATE delivery_job');
  return { top, atRate: arrivals, latency: latencyMs };
}

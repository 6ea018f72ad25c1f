import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { atRate, topRate } from '../gateway/loads';
import { startGateway, type BenchGateway } from '../gateway/start-gateway';
import { latencyOf } from '../latency/rows';
import { beside, type Row } from '../measure';
import type { SectionOptions } from '../section';
import { empty, fill, ROWS, scannedRows, sizeMiB } from './fill';

const AIM = 1.2;
const ROUNDS = 2;
/** PostgreSQL's counters come a moment after. */
const STATISTICS_MS = 1500;

/** Rate and latency of accepted POSTs on empty tables, and again beside a million ended messages and ledger entries. */
export async function fullRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  const gateway = await startGateway({ profile: profileFolder === undefined ? undefined : { folder: profileFolder, name: 'full' } });
  const client = new Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  try {
    await empty(client);
    const onEmpty = await measure(gateway, client);
    await empty(client);
    const startedMs = performance.now();
    await fill(client, (text) => process.stderr.write(`  filled in ${text}\n`));
    const filledIn = (performance.now() - startedMs) / 1000;
    const before = await scannedRows(client);
    const onFull = await measure(gateway, client, onEmpty.atRate);
    await sleep(STATISTICS_MS);
    const after = await scannedRows(client);
    const scanned = [...after].map(([name, read]) => `${name} ${(read - (before.get(name) ?? 0)).toLocaleString('en')}`).join(', ');

    const rows = ({ top, atRate: rate, latency }: Measured, where: string) => ({
      top: { what: `accepted POST, ${where}`, value: top, unit: 'req/s' } satisfies Row,
      ...latencyOf(`accepted POST at ${rate.toFixed(0)} req/s, ${where}`, latency),
    });
    const [few, many] = [rows(onEmpty, 'empty tables'), rows(onFull, 'full tables')];
    const size: Row = { what: `database with ${ROWS.toLocaleString('en')} messages and reservations`, value: await sizeMiB(client), unit: 'MiB', note: `filled in ${filledIn.toFixed(0)} s; receipts of 1 KiB, no documents` };
    return [
      size,
      few.top,
      few.p50,
      few.p99,
      { ...beside(many.top, few.top, { atLeast: 1 / AIM }), note: `rows read by sequential scans meanwhile: ${scanned}` },
      beside(many.p50, few.p50, { atMost: AIM }),
      beside(many.p99, few.p99, { atMost: AIM }),
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

/** Each time from an empty queue: what waits is not what is asked about. */
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

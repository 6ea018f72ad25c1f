import { mixed } from '../gateway/loads';
import { startGateway } from '../gateway/start-gateway';
import { beside, notMeasured, type Row } from '../measure';
import { settledMiB } from './resident';

const FEW = 1000;
const MANY = 100_000;
/** One POST, then its sender asks for the message four times. */
const ASKS_PER_POST = 4;

/** What the gateway's process holds after few and after many requests, each time at rest. */
export async function memoryRows(): Promise<Row[]> {
  // Never with a profile, which would be counted too
  const gateway = await startGateway();
  try {
    const idle = await settledMiB(gateway.pid);
    await mixed(gateway, FEW, ASKS_PER_POST);
    const few = await settledMiB(gateway.pid);
    const { ratePerSecond } = await mixed(gateway, MANY - FEW, ASKS_PER_POST);
    const many = await settledMiB(gateway.pid);
    if (idle === undefined || few === undefined || many === undefined) return [notMeasured('resident memory of the gateway', 'MiB', '/proc')];
    const row = (what: string, value: number): Row => ({ what: `resident memory of the gateway, ${what}`, value, unit: 'MiB' });
    const after = row(`after ${FEW.toLocaleString('en')} requests`, few);
    const later = { ...row(`after ${MANY.toLocaleString('en')} requests`, many), note: `1 POST to ${String(ASKS_PER_POST)} GET, ${ratePerSecond.toFixed(0)} req/s` };
    return [row('just started', idle), after, beside(later, after)];
  } finally {
    await gateway.stop();
  }
}

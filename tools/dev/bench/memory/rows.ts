import { mixed } from '../gateway/loads';
import { startGateway } from '../gateway/start-gateway';
import { beside, notMeasured, type Row } from '../measure';
import { heapInUseMiB } from './heap';
import { settledMiB } from './resident';

const FEW = 1000;
const MANY = 100_000;
/** After each POST, the sender requests the message's status four times. */
const ASKS_PER_POST = 4;

/** Measures the memory of the gateway's process after few and after many requests, each time at rest. */
export async function memoryRows(): Promise<Row[]> {
  // No CPU profiler here: its memory would be counted too
  const gateway = await startGateway({ inspected: true });
  try {
    const idle = await settledMiB(gateway.pid);
    await mixed(gateway, FEW, ASKS_PER_POST);
    const few = await settledMiB(gateway.pid);
    const fewInUse = await heapInUseMiB(gateway.output());
    const { ratePerSecond } = await mixed(gateway, MANY - FEW, ASKS_PER_POST);
    const many = await settledMiB(gateway.pid);
    const manyInUse = await heapInUseMiB(gateway.output());

    const after = (what: string, requests: number, value: number | undefined): Row => ({
      what: `${what}, after ${requests.toLocaleString('en')} requests`,
      value: value ?? null,
      unit: 'MiB',
    });
    const note = `1 POST to ${String(ASKS_PER_POST)} GET, ${ratePerSecond.toFixed(0)} req/s; V8 collects garbage late while memory is free`;
    const [fewHeap, manyHeap] = [
      after('heap in use once collected', FEW, fewInUse),
      after('heap in use once collected', MANY, manyInUse),
    ];
    if (idle === undefined)
      return [notMeasured('resident memory of the gateway', 'MiB', '/proc'), fewHeap, beside(manyHeap, fewHeap)];
    const fewResident = after('resident memory', FEW, few);
    return [
      { what: 'resident memory, just started', value: idle, unit: 'MiB' },
      fewResident,
      { ...beside(after('resident memory', MANY, many), fewResident), note },
      fewHeap,
      beside(manyHeap, fewHeap),
    ];
  } finally {
    await gateway.stop();
  }
}

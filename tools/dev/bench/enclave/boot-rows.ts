import { percentilesOf } from '../load/percentiles';
import { beside, type Row } from '../measure';
import type { BootTimes } from './booting-enclave';

/** Returns median times from the start of QEMU. The last row compares the first document with that of the same app as a plain process. */
export function bootRows(
  boots: readonly BootTimes[],
  plainFirstDocumentMs: readonly number[],
  accelerator: string,
): Row[] {
  const plain: Row = {
    what: 'the app as a process here, to its first document',
    value: percentilesOf(plainFirstDocumentMs).p50 / 1000,
    unit: 's',
    note: 'development bundle, mock NSM',
  };
  const row = (what: string, of: (boot: BootTimes) => number): Row => ({
    what,
    value: percentilesOf(boots.map(of)).p50 / 1000,
    unit: 's',
  });
  const range = boots.map(({ firstDocumentMs }) => (firstDocumentMs / 1000).toFixed(1)).join(', ');
  return [
    plain,
    row('boot to the heartbeat', ({ heartbeatMs }) => heartbeatMs),
    row('boot to enclave_listening at the parent', ({ listeningMs }) => listeningMs),
    {
      ...beside(
        row('boot to the first document answered', ({ firstDocumentMs }) => firstDocumentMs),
        plain,
      ),
      note: `accelerator ${accelerator.toUpperCase()}; ${String(boots.length)} boots: ${range} s`,
    },
  ];
}

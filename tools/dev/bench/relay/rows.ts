import * as z from 'zod';
import { beside, bestOf, notMeasured, type Row } from '../measure';
import { runPart, startPart } from '../process/run-part';
import { startNginx } from '../references/start-nginx';

const SENDERS = 16;
const ROUNDS = 2;
const WARM_UP_MS = 1500;
const DURATION_MS = 3000;
const rateSchema = z.object({ ratePerSecond: z.number(), ratePerCpuSecond: z.number() });
/** The lowest acceptable rate of the gateway's enclave client, as a share of undici's rate to the same echo server. */
const AIMS = [
  { kib: 2, aim: { atLeast: 0.3 } },
  { kib: 64, aim: { atLeast: 0.25 } },
] as const;

/**
 * Measures how fast the gateway's enclave client posts sealed messages and parses the answers. The references are undici without parsing,
 * directly and through nginx.
 */
export async function relayRows(): Promise<Row[]> {
  const echo = await startPart('relay/echo.main.ts');
  const nginx = await startNginx(echo.port);
  try {
    const rows: Row[] = [];
    for (const { kib, aim } of AIMS) {
      const perCpuSecond = { client: 0, undici: 0 };
      const by = (who: 'client' | 'undici', port: number) => async () => {
        const job = { by: who, port, kib, senders: SENDERS, warmUpMs: WARM_UP_MS, durationMs: DURATION_MS };
        const { ratePerSecond, ratePerCpuSecond } = rateSchema.parse(await runPart('relay/main.ts', job));
        if (port === echo.port) perCpuSecond[who] = Math.max(perCpuSecond[who], ratePerCpuSecond);
        return ratePerSecond;
      };
      const contenders = [
        by('undici', echo.port),
        by('client', echo.port),
        ...(nginx === undefined ? [] : [by('undici', Number(new URL(nginx.url).port))]),
      ];
      const [direct, relayed, passed] = await bestOf(ROUNDS, contenders);
      const row = (what: string, value: number | undefined): Row => ({
        what: `${what}, ${String(kib)} KiB`,
        value: value ?? null,
        unit: 'req/s',
      });
      const directRow = row('bare undici', direct);
      const passedRow =
        passed === undefined
          ? notMeasured(`undici through nginx, ${String(kib)} KiB`, 'req/s', 'nginx')
          : row('undici through nginx', passed);
      const relayedRow = row('relay and parse', relayed);
      const note = `requests per CPU second of the relaying process: ${perCpuSecond.client.toFixed(0)}, bare undici ${perCpuSecond.undici.toFixed(0)}, ratio ${(perCpuSecond.client / perCpuSecond.undici).toFixed(2)}`;
      rows.push(directRow, passedRow, { ...beside(relayedRow, directRow, aim), note }, beside(relayedRow, passedRow));
    }
    return rows;
  } finally {
    await nginx?.stop();
    await echo.service.stop();
  }
}

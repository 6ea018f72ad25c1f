import * as z from 'zod';
import { beside, notMeasured, type Row } from '../measure';
import { runPart, startPart } from '../process/run-part';
import { startNginx } from '../references/start-nginx';

const SENDERS = 16;
const WARM_UP_MS = 2000;
const DURATION_MS = 4000;
const rateSchema = z.object({ ratePerSecond: z.number() });
/** What the issue asks for, of bare undici to the same echo. */
const AIMS = [
  { kib: 2, aim: { atLeast: 0.3 } },
  { kib: 64, aim: { atLeast: 0.25 } },
] as const;

/** What the gateway's client of the enclave does with a sealed message and its answer, beside the same bytes unread, directly and through nginx. */
export async function relayRows(): Promise<Row[]> {
  const echo = await startPart('relay/echo.main.ts');
  const nginx = await startNginx(echo.port);
  try {
    const rows: Row[] = [];
    for (const { kib, aim } of AIMS) {
      const rate = async (what: string, by: 'client' | 'undici', port: number): Promise<Row> => {
        const { ratePerSecond } = rateSchema.parse(await runPart('relay/main.ts', { by, port, kib, senders: SENDERS, warmUpMs: WARM_UP_MS, durationMs: DURATION_MS }));
        return { what: `${what}, ${String(kib)} KiB`, value: ratePerSecond, unit: 'req/s' };
      };
      const direct = await rate('bare undici', 'undici', echo.port);
      const passed = nginx === undefined ? notMeasured(`undici through nginx, ${String(kib)} KiB`, 'req/s', 'nginx') : await rate('undici through nginx', 'undici', Number(new URL(nginx.url).port));
      const relayed = await rate('relay and parse', 'client', echo.port);
      rows.push(direct, passed, beside(relayed, direct, aim), beside(relayed, passed));
    }
    return rows;
  } finally {
    await nginx?.stop();
    await echo.service.stop();
  }
}

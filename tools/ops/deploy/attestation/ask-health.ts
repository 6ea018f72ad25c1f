import * as z from 'zod';
import { codeOf } from '../../preflight/error-code';
import type { Reach } from './reach';

export const HEALTH_PATH = '/api/health/tee';

const indicators = z.record(z.string(), z.object({ status: z.string(), code: z.string().max(64).optional() }));
const report = z.object({ details: indicators.optional(), error: indicators.optional() });

/** @returns undefined if every part is up, otherwise the name and code of each part that is not */
export async function askHealth(reach: Reach): Promise<string | undefined> {
  try {
    const { status, body } = await reach.get(HEALTH_PATH, 'application/json');
    if (status === 200) return undefined;
    const down = indicatorsDown(body);
    return `${HEALTH_PATH} answers ${String(status)}${down === '' ? '' : `: ${down}`}`;
  } catch (error) {
    return `${HEALTH_PATH} does not answer (${codeOf(error) ?? 'not in time'})`;
  }
}

function indicatorsDown(body: Uint8Array): string {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return '';
  }
  const parsed = report.safeParse(json);
  if (!parsed.success) return '';
  return Object.entries({ ...parsed.data.details, ...parsed.data.error })
    .filter(([, { status }]) => status === 'down')
    .map(([name, { code }]) => `${name}${code === undefined ? '' : ` (${code})`}`)
    .join(', ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 300);
}

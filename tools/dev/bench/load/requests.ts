import { Pool } from 'undici';
import type { LoadJob } from './job';
import { sealedBodies } from './sealed-bodies';

/** Returns `send`, which posts a message or asks for a message's status. It rejects if the answer is unexpected. */
export function requestsOf(
  { origin, path, tokens, kib, asksPerPost }: Omit<LoadJob, 'rhythm'>,
  connections: number,
): { send: () => Promise<void>; close: () => Promise<void> } {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const bodies = sealedBodies(kib);
  const authorizations = tokens.map((token) => `Bearer ${token}`);
  const toAsk: { readonly path: string; readonly authorization: string }[] = [];
  let posts = 0;

  const ask = async ({ path: statusPath, authorization }: { path: string; authorization: string }): Promise<void> => {
    const { statusCode, body } = await pool.request({ path: statusPath, method: 'GET', headers: { authorization } });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`GET answered ${String(statusCode)}: ${text}`);
  };
  const post = async (): Promise<void> => {
    const authorization = authorizations[posts++ % authorizations.length] ?? '';
    const message = bodies.next();
    const { statusCode, body } = await pool.request({
      path,
      method: 'POST',
      headers: { authorization, 'content-type': 'application/cbor' },
      body: message,
    });
    const text = await body.text();
    if (statusCode !== 202) throw new Error(`POST answered ${String(statusCode)}: ${text}`);
    if (asksPerPost === 0) return;
    const id = bodies.idOf(message);
    for (let time = 0; time < asksPerPost; time++) toAsk.push({ path: `${path}/${id}`, authorization });
  };
  return {
    send: () => {
      const next = toAsk.pop();
      return next === undefined ? post() : ask(next);
    },
    close: () => pool.close(),
  };
}

import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The part of the SQL in DeliveryQueue.retry that keeps an unanswered dispatch. */
const GUARD = 'dispatched_at = CASE WHEN ${decision.dispatchStands}::boolean THEN dispatched_at END';

/**
 * Writes a copy of the bundled gateway without this guard: each retry clears `dispatched_at`, even if the last attempt was sent and got no
 * answer. The check of the trace must find this fault.
 * @param program the bundled gateway
 * @returns the program to start, in `folder`
 * @throws Error unless the bundle contains the guard exactly once
 */
export async function gatewayThatForgets(program: string, folder: string): Promise<string> {
  const copy = join(folder, 'gateway-that-forgets');
  await cp(dirname(program), copy, { recursive: true });
  const parts = (await readFile(program, 'utf8')).split(GUARD);
  if (parts.length !== 2) throw new Error('the gateway does not have the guard that is to be left out');
  // The parameter stays in the statement, so that the other parameters keep their numbers.
  await writeFile(
    join(copy, 'main.js'),
    parts.join('dispatched_at = CASE WHEN NOT ${decision.dispatchStands}::boolean AND false THEN dispatched_at END'),
  );
  return join(copy, 'main.js');
}

import { cp, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** In DeliveryQueue.retry. */
const GUARD = 'dispatched_at = CASE WHEN ${decision.dispatchStands}::boolean THEN dispatched_at END';

/**
 * A copy of the bundled gateway with one guard left out: every attempt that is to be repeated clears the dispatch, also one that went out
 * and was not answered. The check of the trace must find it.
 * @param program the bundled gateway
 * @returns the program to start, in `folder`
 * @throws Error where the bundle does not have the guard once
 */
export async function gatewayThatForgets(program: string, folder: string): Promise<string> {
  const copy = join(folder, 'gateway-that-forgets');
  await cp(dirname(program), copy, { recursive: true });
  const parts = (await readFile(program, 'utf8')).split(GUARD);
  if (parts.length !== 2) throw new Error('the gateway does not have the guard that is to be left out');
  // The parameter stays, so that the others keep their numbers.
  await writeFile(
    join(copy, 'main.js'),
    parts.join('dispatched_at = CASE WHEN NOT ${decision.dispatchStands}::boolean AND false THEN dispatched_at END'),
  );
  return join(copy, 'main.js');
}

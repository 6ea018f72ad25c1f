import { CHAMBER_KEYS, chamberOf } from '@communique-tee/protocol';
import { randomInt } from 'node:crypto';

/**
 * Returns the offices in the order in which the enclave sends their copies: first the House, then the Senate. Within a chamber the order is
 * random, because the parent sees the connections and must not learn in which order the sender listed the offices.
 */
export function inSendingOrder(offices: readonly string[]): string[] {
  return CHAMBER_KEYS.flatMap((chamber) => shuffled(offices.filter((office) => chamberOf(office) === chamber)));
}

/** Fisher-Yates shuffle. */
function shuffled(offices: string[]): string[] {
  for (let at = offices.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [offices[at], offices[other]] = [offices[other] as string, offices[at] as string];
  }
  return offices;
}

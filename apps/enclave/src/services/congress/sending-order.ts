import { CHAMBER_KEYS, chamberOf } from '@communique-tee/protocol';
import { randomInt } from 'node:crypto';

/**
 * Returns the offices in the order in which their copies are sent: the House first, then the Senate, in random order within a chamber. The
 * parent sees the order of the connections, and must not learn from it the order in which the sender listed the offices.
 */
export function inSendingOrder(offices: readonly string[]): string[] {
  return CHAMBER_KEYS.flatMap((chamber) => shuffled(offices.filter((office) => chamberOf(office) === chamber)));
}

/** Fisher-Yates shuffle with cryptographically secure random numbers. */
function shuffled(offices: string[]): string[] {
  for (let at = offices.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [offices[at], offices[other]] = [offices[other] as string, offices[at] as string];
  }
  return offices;
}

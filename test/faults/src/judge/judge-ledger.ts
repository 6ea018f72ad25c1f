import type { SentMessage } from '../senders/sent-message';
import type { OpenedResult } from './open-results';
import type { DatabaseRecord, MessageRow, ReservationRow, WindowRow } from './record';
import type { Violation } from './violation';

const HOUR_MS = 3_600_000;
const LENGTH_MS: Record<WindowRow['scope'], number> = {
  user_day: 24 * HOUR_MS,
  system_hour: HOUR_MS,
  system_day: 24 * HOUR_MS,
};

/**
 * Checks that each acceptance has one reservation, that the reservation is settled for the copies that were sent, and that the windows
 * equal the sums of the reservations.
 */
export function judgeLedger(
  sent: ReadonlyMap<string, SentMessage>,
  { messages, reservations, windows, emergencyStops }: DatabaseRecord,
  results: ReadonlyMap<string, OpenedResult>,
): Violation[] {
  const found: Violation[] = [];
  const say = (rule: Violation['rule'], about: string, detail: string) => found.push({ rule, about, detail });
  const byMessage = Map.groupBy(reservations, ({ messageId }) => messageId);
  const price = priceOfCopy(messages, byMessage, results);
  const unowned = messages.filter(({ id }) => (sent.get(id)?.ballot ?? null) !== null);
  for (const row of messages) {
    if (unowned.includes(row)) {
      if (byMessage.has(row.id))
        say('reservations_not_one_per_acceptance', row.id, 'a proven message has a reservation');
      continue;
    }
    const own = byMessage.get(row.id) ?? [];
    if (own.length !== row.acceptedSha256.length)
      say(
        'reservations_not_one_per_acceptance',
        row.id,
        `${String(own.length)} reservations, accepted ${String(row.acceptedSha256.length)} times`,
      );
    if (own.some(({ state }) => state !== 'settled')) say('reservation_open', row.id, row.status);
    const last = own.at(-1);
    if (last === undefined || last.settled === null) continue;
    const meant = costOf(row, last, results.get(row.id), price);
    if (meant !== null && last.settled !== meant)
      say('settled_wrongly', row.id, `${row.status}: ${String(last.settled)} instead of ${String(meant)}`);
    if (own.slice(0, -1).some(({ settled }) => settled !== 0n))
      say('settled_wrongly', row.id, 'what ended as key_retired was paid for');
  }
  for (const window of windows) {
    const startMs = window.startsAt.getTime();
    const within = reservations.filter(
      ({ owner, reservedAt }) =>
        (window.scope !== 'user_day' || owner === window.subject) &&
        reservedAt.getTime() >= startMs &&
        reservedAt.getTime() < startMs + LENGTH_MS[window.scope],
    );
    const open = sum(within.filter(({ state }) => state === 'reserved').map(({ reserved }) => reserved));
    const settled = sum(within.map((reservation) => reservation.settled ?? 0n));
    // A proven message has no reservation but counts in the system's windows, so `spent` may be more. The next loop compares the totals.
    const hidden = window.scope !== 'user_day' && unowned.length > 0;
    if (window.reserved !== open || (hidden ? window.spent < settled : window.spent !== settled))
      say(
        'window_not_ledger',
        `${window.scope} ${window.startsAt.toISOString()}`,
        `reserved ${String(window.reserved)}, ledger ${String(open)}; spent ${String(window.spent)}, ledger ${String(settled)}`,
      );
  }
  for (const [scope, lengthMs] of Object.entries(LENGTH_MS)) {
    const counted = sum(windows.filter((window) => window.scope === scope).map(({ spent }) => spent));
    const settled = sum(reservations.map((reservation) => reservation.settled ?? 0n));
    const hidden = scope === 'user_day' ? [] : unowned.map((row) => unownedCost(row, results.get(row.id), price));
    const known = settled + sum(hidden.map((cost) => cost ?? 0n));
    if (hidden.includes(null) ? counted < known : counted !== known)
      say('window_not_ledger', scope, `not every reservation counts in a window of ${String(lengthMs / HOUR_MS)} h`);
  }
  if (emergencyStops > 0) say('emergency_stop', 'the whole system', 'raised, though no cap was near');
  return found;
}

/** Derives the price of one copy from the first delivered message. All messages must have this price. */
function priceOfCopy(
  messages: readonly MessageRow[],
  reservations: ReadonlyMap<string, readonly ReservationRow[]>,
  results: ReadonlyMap<string, OpenedResult>,
): bigint | null {
  for (const { id, status } of messages) {
    const result = results.get(id);
    const settled = reservations.get(id)?.at(-1)?.settled ?? null;
    if (status === 'delivered' && result?.ok === true && settled !== null)
      return settled / BigInt(result.offices.length);
  }
  return null;
}

/** Returns what the message should have cost; null if the database record does not show it. */
function costOf(
  { status, reason }: MessageRow,
  { reserved }: ReservationRow,
  result: OpenedResult | undefined,
  price: bigint | null,
): bigint | null {
  if (result?.ok === false) return null;
  const outcomes = result?.offices.map(({ outcome }) => outcome) ?? [];
  // Withheld copies are charged as if they had been sent.
  const withheld = reason === 'may_have_been_sent';
  // An attempt that was never answered costs the whole reservation. An `unknown` outcome in a receipt costs one copy.
  if (status === 'unknown' && !withheld && !outcomes.includes('unknown')) return reserved;
  if (status === 'unknown' && !withheld && reason !== null) return null; // the record does not show which of the two happened last
  const copies = outcomes.filter(
    (outcome) =>
      outcome === 'accepted' || outcome === 'duplicate' || outcome === 'unknown' || (withheld && outcome === 'pending'),
  ).length;
  if (copies === 0) return 0n;
  return price === null ? null : BigInt(copies) * price;
}

/** Returns what a proven message cost; null if the record does not show it. */
function unownedCost({ status }: MessageRow, result: OpenedResult | undefined, price: bigint | null): bigint | null {
  if (status === 'unknown' || result?.ok === false || price === null) return null;
  const outcomes = result?.offices.map(({ outcome }) => outcome) ?? [];
  if (outcomes.includes('pending') || outcomes.includes('unknown')) return null;
  return BigInt(outcomes.filter((outcome) => outcome === 'accepted' || outcome === 'duplicate').length) * price;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}

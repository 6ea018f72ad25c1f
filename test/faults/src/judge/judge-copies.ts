import type { SentMessage } from '../senders/sent-message';
import { differences, type Copy } from './copies';
import type { OpenedResult } from './open-results';
import type { MessageRow } from './record';
import type { Violation } from './violation';

/** Compares the copies of a message at Congress with its receipt and its end state. */
export function judgeCopies(
  message: SentMessage,
  row: MessageRow | undefined,
  result: OpenedResult | undefined,
  copies: readonly Copy[],
  deduplicates: boolean,
): Violation[] {
  const found: Violation[] = [];
  const state = row === undefined ? 'not in the database' : `${row.status} (${row.reason ?? 'by its receipt'})`;
  const say = (rule: Violation['rule'], detail: string) =>
    found.push({ rule, about: message.id, detail: `${state}: ${detail}` });
  const told = result?.ok === true ? result.offices : [];
  for (const office of new Set([...message.content.offices, ...copies.map((copy) => copy.office)])) {
    const here = copies.filter((copy) => copy.office === office);
    const said = told.find((one) => one.office === office);
    const outcome = said?.outcome ?? 'not told';
    if (here.length > 1) say('duplicate', `${String(here.length)} copies for ${office} (${outcome})`);
    if ((outcome === 'accepted' || outcome === 'duplicate') && here.length === 0)
      say('copy_missing', `${outcome} by the receipt, and ${office} has none`);
    if (here.length > 0 && !message.content.offices.includes(office))
      say('copy_not_in_receipt', `${office} was not written to`);
    // Only a chamber that de-duplicates may have a copy while the receipt still says pending
    const explained = deduplicates ? ['accepted', 'duplicate', 'unknown', 'pending'] : ['accepted', 'unknown'];
    if (here.length > 0 && row?.status !== 'unknown' && !explained.includes(outcome))
      say('copy_not_in_receipt', `${office} has one, the receipt says ${outcome}`);
    for (const copy of here) {
      if (said !== undefined && said.deliveryId !== null && said.deliveryId !== copy.deliveryId)
        say('other_delivery_id', office);
      const wrong = differences(copy, message.content);
      if (wrong.length > 0) say('other_text', `${office}: ${wrong.join(', ')}`);
    }
  }
  return found;
}

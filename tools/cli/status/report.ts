import type { StatusView, VerifiedReport } from '@communique-tee/client';
import { isEnded, provesOfficeHasNoCopy } from '@communique-tee/protocol';
import { ROOT_WARNING } from '../verify/report';
import { EXIT, type Exit } from '../failure';
import { iso, json, printable, rows, type Paint } from '../output/terminal';

/** The status of a message: the gateway's report, and what an enclave has signed. */
export interface SentMessageStatus {
  readonly view: StatusView;
  /** What an enclave has signed, verified; null if there is none yet. */
  readonly report: VerifiedReport | null;
  readonly ownRoot: boolean;
  /** Whether the message has a proof of residence. The gateway takes one such message from each person in a campaign. */
  readonly proven: boolean;
}

const PROVEN_AGAIN =
  'If the gateway had relayed it, it may have been delivered, and the gateway refuses a second one with a proof (already_sent).\n';

/** Returns `done` only if the signed receipt reports that every office has the message. The gateway's status tells the other codes apart. */
export function exitOf({ view, report }: SentMessageStatus): Exit {
  const offices = report?.offices ?? [];
  if (offices.length > 0 && offices.every(({ outcome }) => outcome === 'accepted' || outcome === 'duplicate'))
    return EXIT.done;
  return isEnded(view.status) ? EXIT.refused : EXIT.onItsWay;
}

/**
 * Returns heading and color. Never returns "NOT DELIVERED" if an office may have the message, because a person who writes again would
 * reach that office twice.
 */
function headOf(sent: SentMessageStatus): Parameters<Paint> {
  const { view, report } = sent;
  const exit = exitOf(sent);
  if (exit === EXIT.done) return ['DELIVERED', 'good'];
  if (exit === EXIT.onItsWay) return ['ON ITS WAY', 'warn'];
  const offices = report?.offices ?? [];
  const mayHaveIt = offices.some(
    ({ outcome, reason }) => outcome === 'unknown' || (outcome === 'pending' && !provesOfficeHasNoCopy(reason)),
  );
  if (view.status === 'unknown' || mayHaveIt) return ['NOT KNOWN', 'warn'];
  const hasArrived = offices.some(({ outcome }) => outcome === 'accepted' || outcome === 'duplicate');
  if (view.status === 'partially_delivered' || hasArrived) return ['DELIVERED IN PART', 'warn'];
  return ['NOT DELIVERED', 'bad'];
}

export function statusAsText(sent: SentMessageStatus, paint: Paint): string {
  const { view, report, ownRoot, proven } = sent;
  const head = paint(...headOf(sent));
  const said = rows([
    ['status', `${view.status}${view.reason === null ? '' : ` (${printable(view.reason)})`}, in the gateway's words`],
    ['attempts', String(view.attempts)],
    ['expires', view.expiresAt],
  ]);
  const receipt =
    report === null ? rows([['receipt', 'none: this status is not signed']]) : signedText(report, ownRoot, paint);
  const advice =
    view.status === 'key_retired'
      ? `The gateway reports that the enclave lost its key before it opened the message. To seal it again: send --again ${view.id} --message <file>\n${proven ? PROVEN_AGAIN : ''}`
      : '';
  return `${head}  ${view.id}\n${said}${receipt}${advice}`;
}

function signedText(
  { timeSeconds, pcr0, custody, offices, problems }: VerifiedReport,
  ownRoot: boolean,
  paint: Paint,
): string {
  const told = offices.map(({ office, outcome, deliveryId, reason, detail }) => {
    const why = [reason, detail]
      .filter((text) => text !== null)
      .map((text) => `  ${printable(text)}`)
      .join('');
    return `    ${office.padEnd(7)}${outcome.padEnd(10)}${deliveryId === null ? '' : `DeliveryId ${printable(deliveryId)}`}${why}\n`;
  });
  const wrong = problems.map(({ pointer, message }) => `    ${printable(pointer)}  ${printable(message)}\n`);
  return [
    rows([
      ['receipt', `${paint('VERIFIED', 'good')}, signed ${iso(timeSeconds * 1000)}`],
      ['PCR0', pcr0],
      ['custody', printable(custody)],
    ]),
    ownRoot ? `  ${paint('WARNING', 'warn')}     ${ROOT_WARNING}\n` : '',
    '  offices, as the sealed answer names them and the receipt commits to them\n',
    ...told,
    ...(wrong.length > 0 ? ['  what is wrong with the message\n', ...wrong] : []),
  ].join('');
}

export function statusAsJson(sent: SentMessageStatus): string {
  const { view, report, ownRoot } = sent;
  const { id, status, reason, attempts, acceptedAt, expiresAt, endedAt } = view;
  return json({
    id,
    delivered: exitOf(sent) === EXIT.done,
    ended: isEnded(status),
    gateway_says: { status, reason, attempts, accepted_at: acceptedAt, expires_at: expiresAt, ended_at: endedAt },
    verified: report && {
      signed_at: iso(report.timeSeconds * 1000),
      pcr0: report.pcr0,
      custody: report.custody,
      own_root: ownRoot,
      offices: report.offices.map(({ office, outcome, deliveryId, reason: why, detail }) => ({
        office,
        outcome,
        delivery_id: deliveryId,
        reason: why,
        detail,
      })),
      problems: report.problems,
    },
    receipt: view.receipt,
  });
}

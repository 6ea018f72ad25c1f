import { verifyResult, type TrustPolicy, type VerifiedResult } from '@communique-tee/client';
import { isEnded, type MessageView } from '@communique-tee/protocol';
import { ROOT_WARNING } from '../verify/report';
import { EXIT, type Exit } from '../failure';
import { iso, json, printable, rows, type Paint } from '../output/terminal';
import type { KeptMessage } from '../kept-messages';

/** How a message stands: what the gateway says, and what of it an enclave has signed (null: nothing yet). */
export interface Standing {
  readonly view: MessageView;
  readonly result: VerifiedResult | null;
  readonly ownRoot: boolean;
}

/** @throws ReceiptError, CryptoError, ProtocolError, ClientError where there is a receipt that does not verify */
export async function standingOf(view: MessageView, { prepared }: KeptMessage, policy: TrustPolicy): Promise<Standing> {
  const signed = view.receipt !== null || view.sealedAnswer !== null;
  return {
    view,
    result: signed ? await verifyResult(view, prepared, policy) : null,
    ownRoot: policy.trustAnchor !== undefined,
  };
}

/** By what is signed, not by what the gateway says: done when every office has it. */
export function exitOf({ view, result }: Standing): Exit {
  const offices = result?.answer.offices ?? [];
  if (offices.length > 0 && offices.every(({ outcome }) => outcome === 'accepted' || outcome === 'duplicate'))
    return EXIT.done;
  return isEnded(view.status) ? EXIT.refused : EXIT.onItsWay;
}

export function standingAsText(standing: Standing, paint: Paint): string {
  const { view, result, ownRoot } = standing;
  const exit = exitOf(standing);
  const head = paint(
    exit === EXIT.done ? 'DELIVERED' : exit === EXIT.refused ? 'NOT DELIVERED' : 'ON ITS WAY',
    exit === EXIT.done ? 'good' : exit === EXIT.refused ? 'bad' : 'warn',
  );
  const said = rows([
    ['status', `${view.status}${view.reason === null ? '' : ` (${printable(view.reason)})`}, in the gateway's words`],
    ['attempts', String(view.attempts)],
    ['expires', view.expiresAt],
  ]);
  const receipt =
    result === null ? rows([['receipt', 'none: nothing of this is signed']]) : signedText(result, ownRoot, paint);
  const advice =
    view.status === 'key_retired'
      ? `The gateway reports that the enclave lost its key before it opened the message. To seal it again: send --again ${view.id} --message <file>\n`
      : '';
  return `${head}  ${view.id}\n${said}${receipt}${advice}`;
}

function signedText({ receipt: { claims, enclave }, answer }: VerifiedResult, ownRoot: boolean, paint: Paint): string {
  const offices = answer.offices.map(({ office, outcome, deliveryId, reason, detail }) => {
    const why = [reason, detail]
      .filter((text) => text !== null)
      .map((text) => `  ${printable(text)}`)
      .join('');
    return `    ${office.padEnd(7)}${outcome.padEnd(10)}${deliveryId === null ? '' : `DeliveryId ${printable(deliveryId)}`}${why}\n`;
  });
  const problems = answer.problems.map(({ pointer, message }) => `    ${printable(pointer)}  ${printable(message)}\n`);
  return [
    rows([
      ['receipt', `${paint('VERIFIED', 'good')}, signed ${iso(claims.time * 1000)}`],
      ['PCR0', claims.pcr0],
      ['custody', printable(enclave.custody)],
    ]),
    ownRoot ? `  ${paint('WARNING', 'warn')}     ${ROOT_WARNING}\n` : '',
    '  offices, as the sealed answer says them and the receipt commits to them\n',
    ...offices,
    ...(problems.length > 0 ? ['  what is wrong with the message\n', ...problems] : []),
  ].join('');
}

export function standingAsJson(standing: Standing): string {
  const { view, result, ownRoot } = standing;
  const { id, status, reason, attempts, acceptedAt, expiresAt, endedAt } = view;
  return json({
    id,
    delivered: exitOf(standing) === EXIT.done,
    ended: isEnded(status),
    gateway_says: { status, reason, attempts, accepted_at: acceptedAt, expires_at: expiresAt, ended_at: endedAt },
    verified: result && {
      signed_at: iso(result.receipt.claims.time * 1000),
      pcr0: result.receipt.claims.pcr0,
      custody: result.receipt.enclave.custody,
      own_root: ownRoot,
      offices: result.answer.offices.map(({ office, outcome, deliveryId, reason: why, detail }) => ({
        office,
        outcome,
        delivery_id: deliveryId,
        reason: why,
        detail,
      })),
      problems: result.answer.problems,
    },
    receipt: view.receipt,
  });
}

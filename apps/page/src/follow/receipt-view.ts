import type { SendResult, VerifiedReport } from '@communique-tee/client';
import { decodeJson, fromBase64Url, type ReceiptClaims, toHex } from '@communique-tee/protocol';
import { el, replaceContent } from '../elements';
import { grouped, instant } from '../format';
import { statusWords } from './state-words';

/** The end of a message: what is signed, claim by claim, and what the enclave says to the sender alone. */
export function showResult(into: HTMLElement, result: SendResult): void {
  const { report, status } = result;
  if (report === null) {
    replaceContent(
      into,
      el('h3', { id: 'result-title', tabindex: -1 }, 'No receipt'),
      el(
        'p',
        {},
        `The server says: ${status}, ${statusWords(status)}${result.reason === null ? '' : ` (${result.reason})`}. The enclave has signed nothing, so this is the server’s word and no more.`,
      ),
    );
    return;
  }
  replaceContent(
    into,
    el('h3', { id: 'result-title', tabindex: -1 }, `Receipt verified: ${statusWords(status)}`),
    drawAnswer(report),
    el('h4', {}, 'What the enclave signed'),
    el('dl', { class: 'facts claims' }, ...drawClaims(claimsOf(report))),
    el(
      'p',
      {},
      'It proves that an enclave of this measurement, whose key the document attests, reports these outcomes for these sealed bytes at that time. It does not prove what the message said, who sent it, that anybody read it, or that you live in the district.',
    ),
    el(
      'p',
      {},
      downloadOf(result.id, report),
      ' It can be verified by anyone, years later. What opens your answer is in this page alone, and gone when you close it.',
    ),
  );
}

function drawAnswer({ offices, problems }: VerifiedReport): HTMLElement {
  const reasons = offices.some(({ reason, detail }) => reason !== null || detail !== null);
  return el(
    'div',
    {},
    el('h4', {}, 'What it says to you alone'),
    el('p', {}, 'Opened here with a key that never left this page, and held against the receipt, office by office.'),
    el(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'Outcome for each office' },
      el(
        'table',
        {},
        el(
          'thead',
          {},
          el(
            'tr',
            {},
            ...['Office', 'Outcome', 'DeliveryId', ...(reasons ? ['Why'] : [])].map((name) =>
              el('th', { scope: 'col' }, name),
            ),
          ),
        ),
        el(
          'tbody',
          {},
          ...offices.map(({ office, outcome, deliveryId, reason, detail }) =>
            el(
              'tr',
              {},
              el('th', { scope: 'row' }, office),
              el('td', {}, outcome),
              el('td', {}, deliveryId === null ? 'none' : el('code', {}, deliveryId)),
              reasons && el('td', {}, [reason, detail].filter((part) => part !== null).join(': ')),
            ),
          ),
        ),
      ),
    ),
    problems.length > 0 &&
      el(
        'ul',
        { class: 'problems' },
        ...problems.map(({ pointer, message }) => el('li', {}, `${pointer}: ${message}`)),
      ),
  );
}

function drawClaims(claims: ReceiptClaims): HTMLElement[] {
  const rows: readonly (readonly [name: string, value: string, meaning: string])[] = [
    ['message_id', claims.message_id, 'The id that this page made up for your message.'],
    [
      'sealed_sha256',
      grouped(toHex(fromBase64Url(claims.sealed_sha256))),
      'The hash of the bytes that left. Computed here: the same.',
    ],
    ['suite', claims.suite, 'How they were sealed.'],
    [
      'offices',
      claims.offices.map(({ commitment, outcome }) => `${commitment.slice(0, 12)}… ${outcome}`).join('\n'),
      'Each office hidden behind a salted hash. Your answer holds the salts; they fit.',
    ],
    ['time', instant(claims.time * 1000), 'The enclave’s clock, which the server cannot set.'],
    ['pcr0', grouped(claims.pcr0), 'The image that signed. The same as in its document, and one that you trust.'],
    [
      'attestation_sha256',
      grouped(toHex(fromBase64Url(claims.attestation_sha256))),
      'The document that vouches for the receipt key. It travels with the receipt.',
    ],
  ];
  return rows.flatMap(([name, value, meaning]) => [
    el('dt', {}, el('code', {}, name)),
    el('dd', {}, el('code', { class: 'lines' }, value), el('span', { class: 'meaning' }, ` ${meaning}`)),
  ]);
}

/** Of a receipt whose signature was verified. */
function claimsOf({ receipt }: VerifiedReport): ReceiptClaims {
  return decodeJson(fromBase64Url(receipt.receipt.split('.')[1] ?? '')) as ReceiptClaims;
}

function downloadOf(id: string, { receipt }: VerifiedReport): HTMLElement {
  const href = URL.createObjectURL(new Blob([`${JSON.stringify(receipt, null, 2)}\n`], { type: 'application/json' }));
  return el('a', { href, download: `receipt-${id}.json` }, 'Save the receipt.');
}

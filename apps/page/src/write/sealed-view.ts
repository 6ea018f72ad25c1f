import { decodeSealedMessage, messageIdToText, toHex } from '@communique-tee/protocol';
import { el, replaceContent } from '../elements';
import { grouped, hexDump, instant } from '../format';

const MAX_SHOWN_BYTES = 4096;

/** Side by side: what stays in this page, and what leaves it. */
export function showSealed(
  into: HTMLElement,
  message: Record<string, unknown>,
  plainBytes: number,
  sealed: Uint8Array,
): void {
  const { suite, keyId, messageId, expiresAtSeconds, nullifier, encapsulatedKey, nonce, ciphertext } =
    decodeSealedMessage(sealed);
  const rows: readonly (readonly [name: string, value: string, meaning: string])[] = [
    ['suite', suite, ''],
    ['key id', toHex(keyId), 'which of the enclave’s keys opens it'],
    ['message id', messageIdToText(messageId), 'made up here'],
    ['expires', instant(expiresAtSeconds * 1000), 'after that nobody opens it'],
    ['nullifier', nullifier === null ? 'none' : toHex(nullifier), 'for a proof of residence, which does not exist yet'],
    ['encapsulated key', grouped(toHex(encapsulatedKey)), 'from a key pair made for this message alone'],
    ['nonce', grouped(toHex(nonce)), 'random'],
    [
      'ciphertext',
      `${ciphertext.length.toLocaleString('en')} bytes`,
      'padded to a power of two: your length shows as a size class only',
    ],
  ];
  replaceContent(
    into,
    el(
      'section',
      { class: 'side', 'aria-labelledby': 'stays' },
      el('h4', { id: 'stays' }, 'Stays in this browser'),
      el('p', { class: 'size' }, `${plainBytes.toLocaleString('en')} bytes of plain text`),
      el(
        'pre',
        { class: 'dump', tabindex: 0, role: 'group', 'aria-label': 'Your message in plain text' },
        JSON.stringify(message, null, 2),
      ),
    ),
    el(
      'section',
      { class: 'side', 'aria-labelledby': 'leaves' },
      el('h4', { id: 'leaves' }, 'Leaves it'),
      el('p', { class: 'size' }, `${sealed.length.toLocaleString('en')} sealed bytes`),
      el(
        'dl',
        { class: 'facts small' },
        ...rows.flatMap(([name, value, meaning]) => [
          el('dt', {}, name),
          el('dd', {}, el('code', {}, value), meaning !== '' && el('span', { class: 'meaning' }, ` ${meaning}`)),
        ]),
      ),
      el(
        'pre',
        { class: 'dump', tabindex: 0, role: 'group', 'aria-label': 'The sealed bytes in hexadecimal' },
        hexDump(sealed, MAX_SHOWN_BYTES),
      ),
    ),
  );
}

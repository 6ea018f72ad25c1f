import type { UnverifiedAttestation } from '@communique-tee/attestation/browser';
import type { EnclaveKeys } from '@communique-tee/enclave-identity/browser';
import { toHex } from '@communique-tee/protocol';
import { el, replaceContent } from '../elements';
import { grouped, instant } from '../format';

const MEANINGS: Readonly<Record<number, string>> = {
  0: 'the whole image',
  1: 'kernel and start-up',
  2: 'the application',
  3: 'the operator: the role of the parent instance',
  4: 'the parent instance',
  8: 'the certificate that signed the image',
};

/** What stands inside the signed document. */
export function showSigned(into: HTMLElement, content: UnverifiedAttestation, keys: EnclaveKeys | undefined): void {
  const zero = [...content.pcrs].filter(([, value]) => value.every((byte) => byte === 0)).map(([index]) => index);
  const rows: (readonly [name: string, value: string, meaning: string])[] = [
    ['module', content.moduleId, 'instance and enclave'],
    ['time', instant(content.timestampMs), 'the hypervisor’s clock'],
    ['nonce', content.nonce === undefined ? 'none' : grouped(toHex(content.nonce)), 'made up in this browser'],
    ...[...content.pcrs]
      .filter(([index]) => !zero.includes(index))
      .map(([index, value]) => [`PCR${String(index)}`, grouped(toHex(value)), MEANINGS[index] ?? ''] as const),
    ...(zero.length === 0
      ? []
      : [['zero', zero.map((index) => `PCR${String(index)}`).join(', '), 'unused, or debug mode'] as const]),
    ...(keys === undefined
      ? []
      : ([
          ['sealing key', grouped(toHex(keys.publicKey)), 'X25519: what messages are sealed to'],
          ['receipt key', grouped(toHex(keys.receiptKey)), 'Ed25519: signs receipts'],
          ['custody', keys.custody, 'who could bring the keys back'],
          ['configuration', grouped(toHex(keys.configSha256)), 'SHA-256 of what the enclave is set up to do'],
        ] as const)),
  ];
  replaceContent(
    into,
    ...rows.flatMap(([name, value, meaning]) => [
      el('dt', {}, name),
      el('dd', {}, el('code', {}, value), meaning !== '' && el('span', { class: 'meaning' }, ` ${meaning}`)),
    ]),
  );
}

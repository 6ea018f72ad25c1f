import { readAttestation_unverified, type AttestationError, type UnverifiedAttestation, type VerifiedAttestation } from '@communique-tee/attestation';
import { decodeKeyBinding } from '@communique-tee/protocol';
import type { NotJudged } from './not-judged';

type Shown = Pick<UnverifiedAttestation, 'moduleId' | 'timestampMs' | 'pcrs' | 'publicKey' | 'userData' | 'nonce' | 'certificates'>;

export type Judgement =
  | { outcome: 'trusted'; atMs: number; nonceChecked: boolean; ownRoot: boolean; attestation: VerifiedAttestation }
  | { outcome: 'refused'; atMs: number; error: AttestationError; document: Uint8Array }
  | { outcome: 'not judged'; error: NotJudged };

export const exitStatus = { trusted: 0, refused: 1, 'not judged': 2 } as const;

export function asText(judgement: Judgement): string {
  switch (judgement.outcome) {
    case 'trusted':
      return [
        `TRUSTED  ${printable(judgement.attestation.moduleId)}`,
        ...(judgement.ownRoot ? ['WARNING  under the root given with --root, not under AWS’s: whoever holds its key can forge this'] : []),
        ...(judgement.nonceChecked ? [] : ['WARNING  no nonce was checked: this may be a copy made for somebody else']),
        ...describe(judgement.attestation, judgement.atMs),
        '',
      ].join('\n');
    case 'refused': {
      const claimed = claims(judgement.document);
      return [
        `REFUSED  ${judgement.error.code}`,
        `         ${printable(judgement.error.message)} (step: ${judgement.error.step})`,
        ...(claimed ? ['', 'What the document claims; nothing of it is verified:', ...describe(claimed, judgement.atMs)] : []),
        '',
      ].join('\n');
    }
    case 'not judged':
      return `NOT JUDGED  ${judgement.error.code}\n            ${printable(judgement.error.message)}\n`;
  }
}

export function asJson(judgement: Judgement): string {
  const base = { outcome: judgement.outcome, trusted: judgement.outcome === 'trusted' };
  const value = (() => {
    switch (judgement.outcome) {
      case 'trusted':
        return {
          ...base,
          verified_at: iso(judgement.atMs),
          nonce_checked: judgement.nonceChecked,
          own_root: judgement.ownRoot,
          document_sha256: hex(judgement.attestation.documentSha256),
          attestation: fields(judgement.attestation),
        };
      case 'refused': {
        const claimed = claims(judgement.document);
        const { code, step, message } = judgement.error;
        return { ...base, verified_at: iso(judgement.atMs), code, step, message, ...(claimed && { unverified: fields(claimed) }) };
      }
      case 'not judged':
        return { ...base, code: judgement.error.code, message: judgement.error.message };
    }
  })();
  return JSON.stringify(value, null, 2) + '\n';
}

function describe(shown: Shown, atMs: number): string[] {
  const unused = [...shown.pcrs].filter(([index, value]) => index > 2 && isZero(value)).length;
  const rows: [string, string][] = [
    ...[...shown.pcrs].filter(([index, value]) => index <= 2 || !isZero(value)).map(([index, value]): [string, string] => [`PCR${index}`, isZero(value) ? 'zero' : hex(value)]),
    ...(unused > 0 ? [['', `${unused} more are zero`] as [string, string]] : []),
    ['made', `${iso(shown.timestampMs)}, ${age(atMs - shown.timestampMs)} the time of verification (${iso(atMs)})`],
    ['nonce', shown.nonce ? hex(shown.nonce) : 'none'],
    ['public key', shown.publicKey ? `${hex(shown.publicKey)} (${shown.publicKey.length} bytes)` : 'none'],
    ...userData(shown.userData),
  ];
  return [
    ...rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`),
    '  chain',
    ...shown.certificates.map(({ subject, notBeforeMs, notAfterMs }, i) => `    ${i + 1}  ${iso(notBeforeMs).slice(0, 19)}Z to ${iso(notAfterMs).slice(0, 19)}Z  ${printable(subject)}`),
  ];
}

/** Our own enclave puts its key binding there; another's user data is shown as it is. */
function userData(bytes: Uint8Array | undefined): [string, string][] {
  if (!bytes) return [['user data', 'none']];
  const binding = keyBinding(bytes);
  if (!binding) return [['user data', `${hex(bytes)} (${bytes.length} bytes)`]];
  return [
    ['key id', binding.key_id],
    ['receipt key', binding.receipt_key],
    ['custody', printable(binding.custody)],
  ];
}

function keyBinding(bytes: Uint8Array) {
  try {
    const { keyId, receiptKey, custody } = decodeKeyBinding(bytes);
    return { key_id: hex(keyId), receipt_key: hex(receiptKey), custody };
  } catch {
    return undefined;
  }
}

function fields(shown: Shown) {
  const binding = shown.userData && keyBinding(shown.userData);
  return {
    module_id: shown.moduleId,
    timestamp: iso(shown.timestampMs),
    pcrs: Object.fromEntries([...shown.pcrs].map(([index, value]) => [index, hex(value)])),
    nonce: shown.nonce ? hex(shown.nonce) : null,
    public_key: shown.publicKey ? hex(shown.publicKey) : null,
    user_data: shown.userData ? hex(shown.userData) : null,
    ...(binding && { key_binding: binding }),
    certificates: shown.certificates.map(({ subject, issuer, notBeforeMs, notAfterMs }) => ({ subject, issuer, not_before: iso(notBeforeMs), not_after: iso(notAfterMs) })),
  };
}

function claims(document: Uint8Array): UnverifiedAttestation | undefined {
  try {
    return readAttestation_unverified(document);
  } catch {
    return undefined;
  }
}

function age(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const amount = seconds < 120 ? `${seconds.toFixed(1)} s` : seconds < 7200 ? `${(seconds / 60).toFixed(0)} min` : seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(0)} days`;
  return `${amount} ${ms < 0 ? 'after' : 'before'}`;
}

/** A timestamp may be any number up to 2^53, which is beyond what a Date holds. */
function iso(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? `${ms} ms` : time.toISOString();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Names come from whoever wrote the document: nothing of them may steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e’]/g, '?');
}

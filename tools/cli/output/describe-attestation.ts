import type { UnverifiedAttestation } from '@communique-tee/attestation';
import { decodeKeyBinding, toHex } from '@communique-tee/protocol';
import { iso, printable } from './terminal';

export type Shown = Pick<
  UnverifiedAttestation,
  'moduleId' | 'timestampMs' | 'pcrs' | 'publicKey' | 'userData' | 'nonce' | 'certificates'
>;

/** Every line that a person needs to judge a document, verified or not: measurements, age, what is signed, the chain with its validities. */
export function describe(shown: Shown, atMs: number): string[] {
  const unused = [...shown.pcrs].filter(([index, value]) => index > 2 && isZero(value)).length;
  const rows: [string, string][] = [
    ...[...shown.pcrs]
      .filter(([index, value]) => index <= 2 || !isZero(value))
      .map(([index, value]): [string, string] => [`PCR${index}`, isZero(value) ? 'zero' : toHex(value)]),
    ...(unused > 0 ? [['', `${unused} more are zero`] as [string, string]] : []),
    ['made', `${iso(shown.timestampMs)}, ${age(atMs - shown.timestampMs)} the time of verification (${iso(atMs)})`],
    ['nonce', shown.nonce ? toHex(shown.nonce) : 'none'],
    ['public key', shown.publicKey ? `${toHex(shown.publicKey)} (${shown.publicKey.length} bytes)` : 'none'],
    ...userData(shown.userData),
  ];
  return [
    ...rows.map(([name, value]) => `  ${name.padEnd(12)}${value}`),
    '  chain',
    ...shown.certificates.map(
      ({ subject, notBeforeMs, notAfterMs }, i) =>
        `    ${i + 1}  ${iso(notBeforeMs).slice(0, 19)}Z to ${iso(notAfterMs).slice(0, 19)}Z  ${printable(subject)}`,
    ),
  ];
}

/** Our own enclave puts its key binding there; another's user data is shown as it is. */
function userData(bytes: Uint8Array | undefined): [string, string][] {
  if (!bytes) return [['user data', 'none']];
  const binding = keyBinding(bytes);
  if (!binding) return [['user data', `${toHex(bytes)} (${bytes.length} bytes)`]];
  return [
    ['key id', binding.key_id],
    ['receipt key', binding.receipt_key],
    ['custody', printable(binding.custody)],
    ...(binding.legacy_key === undefined ? [] : [['legacy key', binding.legacy_key] as [string, string]]),
  ];
}

export function keyBinding(bytes: Uint8Array) {
  try {
    const { keyId, receiptKey, custody, legacyKey } = decodeKeyBinding(bytes);
    return {
      key_id: toHex(keyId),
      receipt_key: toHex(receiptKey),
      custody,
      ...(legacyKey && { legacy_key: toHex(legacyKey) }),
    };
  } catch {
    return undefined;
  }
}

/** The same for a program. */
export function fields(shown: Shown) {
  const binding = shown.userData && keyBinding(shown.userData);
  return {
    module_id: shown.moduleId,
    timestamp: iso(shown.timestampMs),
    pcrs: Object.fromEntries([...shown.pcrs].map(([index, value]) => [index, toHex(value)])),
    nonce: shown.nonce ? toHex(shown.nonce) : null,
    public_key: shown.publicKey ? toHex(shown.publicKey) : null,
    user_data: shown.userData ? toHex(shown.userData) : null,
    ...(binding && { key_binding: binding }),
    certificates: shown.certificates.map(({ subject, issuer, notBeforeMs, notAfterMs }) => ({
      subject,
      issuer,
      not_before: iso(notBeforeMs),
      not_after: iso(notAfterMs),
    })),
  };
}

function age(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const amount =
    seconds < 120
      ? `${seconds.toFixed(1)} s`
      : seconds < 7200
        ? `${(seconds / 60).toFixed(0)} min`
        : seconds < 172_800
          ? `${(seconds / 3600).toFixed(1)} h`
          : `${(seconds / 86_400).toFixed(0)} days`;
  return `${amount} ${ms < 0 ? 'after' : 'before'}`;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

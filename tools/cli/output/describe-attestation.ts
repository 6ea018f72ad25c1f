import type { UnverifiedEnclave } from '@communique-tee/enclave-identity';
import { CHAMBERS, CHAMBER_KEYS, OFFICES_AS_OF, toHex, type PublicConfiguration } from '@communique-tee/protocol';
import { iso, printable } from './terminal';

export type Shown = Pick<
  UnverifiedEnclave,
  'moduleId' | 'timestampMs' | 'pcrs' | 'publicKey' | 'userData' | 'nonce' | 'certificates' | 'keys'
>;

/** Returns lines that describe a document, verified or not: measurements, age, signed contents, and the chain with its dates. */
export function describe(shown: Shown, atMs: number): string[] {
  const unused = [...shown.pcrs].filter(([index, value]) => index > 3 && isZero(value)).length;
  const rows: [string, string][] = [
    ...[...shown.pcrs]
      .filter(([index, value]) => index <= 3 || !isZero(value))
      .map(([index, value]): [string, string] => [`PCR${index}`, registerText(index, value)]),
    ...(unused > 0 ? [['', `${unused} more are zero`] as [string, string]] : []),
    ['made', `${iso(shown.timestampMs)}, ${age(atMs - shown.timestampMs)} the time of verification (${iso(atMs)})`],
    ['nonce', shown.nonce ? toHex(shown.nonce) : 'none'],
    ['public key', shown.publicKey ? `${toHex(shown.publicKey)} (${shown.publicKey.length} bytes)` : 'none'],
    ...userData(shown),
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

function registerText(index: number, value: Uint8Array): string {
  if (!isZero(value)) return toHex(value);
  return index === 3 ? 'zero: the parent has no role, so the document names no operator' : 'zero';
}

/** Returns the key binding if the user data is one; otherwise the user data in hex. */
function userData({ keys, userData: bytes }: Shown): [string, string][] {
  if (!bytes) return [['user data', 'none']];
  if (!keys) return [['user data', `${toHex(bytes)} (${bytes.length} bytes)`]];
  const { keyId, receiptKey, custody, legacyKey, configSha256 } = keys;
  return [
    ['key id', toHex(keyId)],
    ['receipt key', toHex(receiptKey)],
    ['custody', printable(custody)],
    ...(legacyKey ? [['legacy key', toHex(legacyKey)] as [string, string]] : []),
    ['config', `SHA-256 ${toHex(configSha256)}`],
  ];
}

/** Returns lines for the part of the measured configuration that the enclave publishes. */
export function describeConfiguration({ stack, legacySuite, egress, services }: PublicConfiguration): string[] {
  const { congress } = services;
  const rows: [string, string][] = [
    ['stack', stack],
    ['legacy', legacySuite ? 'on' : 'off'],
    ...CHAMBER_KEYS.map((chamber): [string, string] => {
      if (congress === undefined) return [CHAMBERS[chamber].name, 'off'];
      const { origin, deduplicates } = congress[chamber];
      return [
        CHAMBERS[chamber].name,
        `${origin}, ${deduplicates ? 'recognizes' : 'does not recognize'} a repeated message`,
      ];
    }),
    ...(congress === undefined ? [] : [['offices', officesAge(congress.officesAsOf)] as [string, string]]),
    ...(congress?.acceptReplayAcrossEnclaves === true
      ? [['replay', 'the operator accepts that a message may be delivered twice'] as [string, string]]
      : []),
    ['egress', egress.join(', ') || 'none'],
  ];
  return ['  configuration', ...rows.map(([name, value]) => `    ${name.padEnd(10)}${printable(value)}`)];
}

/**
 * Names the enclave's table of offices, and this command's table if it is another. An enclave with an older table refuses new
 * offices, and one with a newer table refuses abolished offices.
 */
function officesAge(asOf: string): string {
  return asOf === OFFICES_AS_OF ? `table of ${asOf}` : `table of ${asOf}; this command has that of ${OFFICES_AS_OF}`;
}

/** Returns the same facts for JSON output. */
export function fields(shown: Shown) {
  const { keys } = shown;
  return {
    module_id: shown.moduleId,
    timestamp: iso(shown.timestampMs),
    pcrs: Object.fromEntries([...shown.pcrs].map(([index, value]) => [index, toHex(value)])),
    nonce: shown.nonce ? toHex(shown.nonce) : null,
    public_key: shown.publicKey ? toHex(shown.publicKey) : null,
    user_data: shown.userData ? toHex(shown.userData) : null,
    ...(keys && {
      key_binding: {
        key_id: toHex(keys.keyId),
        receipt_key: toHex(keys.receiptKey),
        custody: keys.custody,
        config_sha256: toHex(keys.configSha256),
        ...(keys.legacyKey && { legacy_key: toHex(keys.legacyKey) }),
      },
    }),
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

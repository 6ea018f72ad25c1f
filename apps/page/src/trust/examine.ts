import {
  AttestationError,
  type MeasurementSet,
  type TrustAnchor,
  type UncomparedOperator,
} from '@communique-tee/attestation/browser';
import {
  examineEnclave,
  failedCheck,
  readEnclave_unverified,
  type CheckName,
  type CheckResult,
  type EnclaveEvidence,
  type EnclaveIdentity,
  type EnclaveKeys,
  type Examination,
  type NoteCode,
  type UnverifiedEnclave,
} from '@communique-tee/enclave-identity/browser';
import {
  type Chamber,
  CHAMBER_KEYS,
  CHAMBERS,
  PROCESS_CUSTODY,
  type PublicConfiguration,
  toHex,
} from '@communique-tee/protocol';
import { duration, instant } from '../format';
import type { Accepted } from './measurements';
import type { CheckId, CheckState } from './checks';

/** As libs/client allows. */
const MAX_AGE_MS = 5 * 60_000;

export interface Subject extends EnclaveEvidence {
  readonly nonce: Uint8Array;
  /** Undefined: the person named none, so nothing is compared. */
  readonly accepted: Accepted | undefined;
  /** Undefined: the AWS root. */
  readonly anchor: TrustAnchor | undefined;
  readonly nowMs: number;
}

export interface Finding {
  readonly id: CheckId;
  readonly state: CheckState;
  readonly detail: string;
}

export type Verdict =
  | { readonly kind: 'trusted'; readonly identity: EnclaveIdentity }
  /** Everything holds; whether the person trusts this image, or this operator, was not asked. */
  | { readonly kind: 'unmeasured'; readonly keys: EnclaveKeys }
  | {
      readonly kind: 'refused';
      readonly check: CheckName;
      readonly code: string;
      /** The certificate that a refused chain broke at, 0 for the root. */
      readonly brokenLink: number | undefined;
    };

/** What a document says, for showing; undefined where it cannot be read at all. Nothing of it is verified. */
export function readForShowing(document: Uint8Array): UnverifiedEnclave | undefined {
  try {
    return readEnclave_unverified(document);
  } catch (error) {
    if (error instanceof AttestationError) return undefined;
    throw error;
  }
}

/** One examination (libs/enclave-identity), and each of its checks in the page's words. */
export async function examine(
  subject: Subject,
): Promise<{ readonly verdict: Verdict; readonly findings: readonly Finding[] }> {
  const { document, configuration, nonce, accepted, anchor, nowMs } = subject;
  const examination = await examineEnclave(
    { document, ...(configuration && { configuration }) },
    {
      acceptedMeasurements: setsOf(accepted) ?? uncompared(accepted) ?? 'not_compared',
      freshness: { nonce },
      maxAgeMs: MAX_AGE_MS,
      maxFutureSkewMs: MAX_AGE_MS,
      at: new Date(nowMs),
      ...(anchor && { trustAnchor: anchor }),
    },
  );
  const content = readForShowing(document);
  const findings = examination.checks.map((check) => findingOf(check, subject, content, examination));
  return { verdict: verdictOf(examination), findings };
}

/** Every image that the person trusts, under every operator; undefined where either is not named. */
export function setsOf(accepted: Accepted | undefined): readonly [MeasurementSet, ...MeasurementSet[]] | undefined {
  const { pcr0s, operator } = accepted ?? {};
  const [first, ...rest] = (pcr0s ?? []).flatMap((pcr0): MeasurementSet[] =>
    operator === 'any' ? [{ pcr0, operator }] : (operator ?? []).map((pcr3) => ({ pcr0, pcr3 })),
  );
  return first && [first, ...rest];
}

function uncompared(
  accepted: Accepted | undefined,
): readonly [UncomparedOperator, ...UncomparedOperator[]] | undefined {
  const [first, ...rest] = (accepted?.pcr0s ?? []).map((pcr0) => ({ pcr0, operator: 'not_compared' as const }));
  return first && [first, ...rest];
}

function verdictOf({ checks, claims, identity }: Examination): Verdict {
  if (identity !== undefined) return { kind: 'trusted', identity };
  if (claims?.keys !== undefined) return { kind: 'unmeasured', keys: claims.keys };
  const failed = failedCheck(checks);
  if (failed === undefined) throw new TypeError('an examination without a failure gives the keys');
  const { name: check, code, error } = failed;
  return { kind: 'refused', check, code, brokenLink: 'certificate' in error ? error.certificate : undefined };
}

function findingOf(
  check: CheckResult,
  subject: Subject,
  content: UnverifiedEnclave | undefined,
  { claims }: Examination,
): Finding {
  const { name: id } = check;
  switch (check.state) {
    case 'failed':
      return { id, state: 'failed', detail: failureDetail(check, subject, content) };
    case 'not_run':
      return check.code === undefined
        ? { id, state: 'waiting', detail: '' }
        : { id, state: 'open', detail: NOTES[check.code] };
    default:
      if (check.state === 'warning' && check.code !== 'development_root')
        return {
          id,
          state: check.state,
          detail: `${NOTES[check.code]}${check.detail === undefined ? '' : ` ${check.detail}.`}`,
        };
      return { id, state: check.state, detail: PASSED[id]?.(subject, content, claims?.configuration) ?? '' };
  }
}

const NOTES: Readonly<Record<NoteCode, string>> = {
  development_root: '',
  unknown_fields: 'AWS signed fields that this page does not know. Nothing here rests on them:',
  nonce_not_compared: 'No nonce was compared.',
  image_not_compared: 'You named no image, so nothing was compared. Give a PCR0 above.',
  operator_not_compared: 'You named no operator, so nothing was compared. Give a PCR3 above.',
  any_operator: 'You accept any operator.',
  key_binding_absent: 'The document names no keys.',
  configuration_not_fetched: 'The server did not give the configuration that the document names.',
};

function failureDetail(
  check: CheckResult & { state: 'failed' },
  { accepted }: Subject,
  content: UnverifiedEnclave | undefined,
): string {
  if (check.code === 'ERR_ATTESTATION_MEASUREMENT')
    return `Another image. It attests ${toHex(content?.pcrs.get(0) ?? new Uint8Array())}. You gave ${accepted?.pcr0s.join(', or ') ?? ''}.`;
  if (check.code === 'ERR_ATTESTATION_OPERATOR' && Array.isArray(accepted?.operator))
    return `The image you trust, run by another operator. It attests ${toHex(content?.pcrs.get(3) ?? new Uint8Array())}. You gave ${accepted.operator.join(', or ')}.`;
  return sentence(check.detail);
}

type Detail = (
  subject: Subject,
  /** Authentic from the signature on. */
  content: UnverifiedEnclave | undefined,
  configuration: PublicConfiguration | undefined,
) => string;

/** What the page adds to the title of a check that passed. */
const PASSED: Readonly<Partial<Record<CheckName, Detail>>> = {
  structure: ({ document }) =>
    `COSE_Sign1 of ${document.length.toLocaleString('en')} bytes: strict CBOR, ES384, SHA-384, no required field missing.`,
  chain: ({ anchor }, content) =>
    `${String(content?.certificates.length ?? 0)} certificates hold, each signed by the one above, all within their dates. ${anchor === undefined ? 'The first is the AWS Nitro root that this page carries.' : 'The first is the development root that this server gave.'}`,
  signature: () => 'ECDSA on P-384, by the key of the last certificate, over every byte of the document.',
  debug_mode: () => 'PCR0, 1 and 2 are there and none is zero.',
  nonce: (_, content) =>
    `The document carries ${String(content?.nonce?.length ?? 0)} bytes that this browser had just made up. Nobody can have made it before.`,
  age: ({ nowMs }, content) =>
    `Its clock says ${content === undefined ? '' : instant(content.timestampMs)}, ${content === undefined ? '' : duration(nowMs - content.timestampMs)} from this computer’s. Five minutes are allowed.`,
  image: () => 'PCR0 is, digit for digit, the one you gave.',
  operator: () => 'PCR3, the role of the machine that runs the enclave, is the one you gave.',
  key_binding: (_, content) =>
    `The sealing key and the receipt key are inside the signed document. Key id ${toHex(content?.keys?.keyId ?? new Uint8Array())}, computed here from the key: the same.`,
  custody: (_, content) => (content?.keys === undefined ? '' : custodySentence(content.keys.custody)),
  configuration: (_, __, configuration) => (configuration === undefined ? '' : configurationSentence(configuration)),
};

export function custodySentence(custody: string): string {
  return custody === PROCESS_CUSTODY
    ? 'No one. The enclave makes a key each day and destroys it within 8 days and an hour, or when its process ends.'
    : `The AWS KMS key ${custody}. It hands them to enclaves that its policy names; the image names this key in its measured configuration.`;
}

function configurationSentence({ services: { congress }, egress, legacySuite }: PublicConfiguration): string {
  const chamber = (key: Chamber): string => {
    const { origin, deduplicates } = congress?.[key] ?? {};
    return `${CHAMBERS[key].name} at ${String(origin)} (${deduplicates === true ? 'recognizes' : 'does not recognize'} a repeated message)`;
  };
  const delivers =
    congress === undefined
      ? 'It delivers nothing to Congress.'
      : `It delivers to the ${CHAMBER_KEYS.map(chamber).join(' and the ')}.`;
  return `${delivers} It can connect to ${egress.join(', ') || 'nothing'}. The older way of sealing is ${legacySuite ? 'on' : 'off'}.`;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

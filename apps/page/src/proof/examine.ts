import {
  AttestationError,
  readAttestation_unverified,
  type TrustAnchor,
  type UnverifiedAttestation,
  type VerifiedAttestation,
  verifyAttestation,
} from '@communique-tee/attestation/browser';
import { keyIdOf } from '@communique-tee/crypto/browser';
import { decodeKeyBinding, type KeyBinding, PROCESS_CUSTODY, PUBLIC_KEY_BYTES, toHex } from '@communique-tee/protocol';
import { duration, instant } from '../format';
import type { Pcr0s } from '../measurements';
import { brokenLink, type CheckId, checkOf, type CheckState } from './checks';

/** As libs/client allows. */
const MAX_AGE_MS = 5 * 60_000;

export interface Subject {
  readonly document: Uint8Array;
  readonly nonce: Uint8Array;
  /** Undefined: the person named none, so nothing is compared. */
  readonly pcr0s: Pcr0s | undefined;
  /** Undefined: the AWS root. */
  readonly anchor: TrustAnchor | undefined;
  readonly nowMs: number;
}

export interface Finding {
  readonly id: CheckId;
  readonly state: CheckState;
  readonly detail: string;
}

export interface Keys extends KeyBinding {
  readonly publicKey: Uint8Array;
}

export type Verdict =
  | { readonly kind: 'trusted'; readonly attestation: VerifiedAttestation; readonly keys: Keys }
  /** Everything holds; whether it is an image that the person trusts was not asked. */
  | { readonly kind: 'unmeasured'; readonly attestation: VerifiedAttestation; readonly keys: Keys }
  | {
      readonly kind: 'refused';
      readonly check: CheckId;
      readonly code: string;
      readonly brokenLink: number | undefined;
    };

/** What a document says, for showing; undefined where it cannot be read at all. Nothing of it is verified. */
export function readForShowing(document: Uint8Array): UnverifiedAttestation | undefined {
  try {
    return readAttestation_unverified(document);
  } catch (error) {
    if (error instanceof AttestationError) return undefined;
    throw error;
  }
}

/**
 * Every check, each told when it is done. Two runs of the library: one that leaves out which image it is, so that the person sees what
 * else holds, and one with the person's measurements.
 */
export async function examine(subject: Subject, tell: (finding: Finding) => Promise<void>): Promise<Verdict> {
  const content = readForShowing(subject.document);
  const passed = (id: CheckId, detail: string) => tell({ id, state: 'passed', detail });
  await tell({ id: 'structure', state: 'running', detail: '' });
  const failWith = async (error: unknown, from: readonly CheckId[], certificates: number): Promise<Verdict> => {
    if (!(error instanceof AttestationError)) throw error;
    const check = checkOf(error) ?? from[0] ?? 'structure';
    for (const id of from.slice(0, from.indexOf(check))) await passed(id, DETAILS[id]?.(content, subject) ?? '');
    await tell({ id: check, state: 'failed', detail: sentence(error.message) });
    return {
      kind: 'refused',
      check,
      code: error.code,
      brokenLink: check === 'chain' ? brokenLink(error, certificates) : undefined,
    };
  };

  const own = toHex(content?.pcrs.get(0) ?? new Uint8Array());
  // Where PCR0 is zero, the library refuses for debug mode before it compares.
  const anything = /^[0-9a-f]{96}$/.test(own) && !/^0+$/.test(own) ? own : 'f'.repeat(96);
  let attestation: VerifiedAttestation;
  try {
    attestation = await verify(subject, [anything]);
  } catch (error) {
    return failWith(error, WITHOUT_MEASUREMENT, content?.certificates.length ?? 0);
  }
  for (const id of WITHOUT_MEASUREMENT) await passed(id, DETAILS[id]?.(content, subject) ?? '');

  if (subject.pcr0s === undefined) {
    await tell({
      id: 'measurement',
      state: 'open',
      detail: 'You named no image, so nothing was compared. Give a PCR0 above.',
    });
  } else {
    await tell({ id: 'measurement', state: 'running', detail: '' });
    try {
      attestation = await verify(subject, subject.pcr0s);
    } catch (error) {
      if (!(error instanceof AttestationError) || error.code !== 'ERR_ATTESTATION_MEASUREMENT')
        return failWith(error, ['measurement'], 0);
      await tell({
        id: 'measurement',
        state: 'failed',
        detail: `Another image. It attests ${own}. You gave ${subject.pcr0s.join(', or ')}.`,
      });
      return { kind: 'refused', check: 'measurement', code: error.code, brokenLink: undefined };
    }
    await passed('measurement', 'PCR0 is, digit for digit, the one you gave.');
  }

  const keys = keysOf(attestation);
  if (keys === undefined) {
    await tell({ id: 'binding', state: 'failed', detail: 'The document names no keys that could be used.' });
    return { kind: 'refused', check: 'binding', code: 'key_binding_invalid', brokenLink: undefined };
  }
  await passed(
    'binding',
    `The sealing key and the receipt key stand inside the signed document. Key id ${toHex(keys.keyId)}, computed here from the key: the same.`,
  );
  await passed('custody', custodySentence(keys.custody));
  return { kind: subject.pcr0s === undefined ? 'unmeasured' : 'trusted', attestation, keys };
}

const WITHOUT_MEASUREMENT = [
  'structure',
  'chain',
  'signature',
  'registers',
  'nonce',
  'age',
] as const satisfies readonly CheckId[];

const DETAILS: Readonly<
  Partial<Record<CheckId, (content: UnverifiedAttestation | undefined, subject: Subject) => string>>
> = {
  structure: (_, { document }) =>
    `COSE_Sign1 of ${document.length.toLocaleString('en')} bytes: strict CBOR, ES384, SHA-384, no field too many.`,
  chain: (content, { anchor }) =>
    `${String(content?.certificates.length ?? 0)} certificates hold, each signed by the one above, all within their dates. ${anchor === undefined ? 'The first is the AWS Nitro root that this page carries.' : 'The first is the development root that this server gave.'}`,
  signature: () => 'ECDSA on P-384, by the key of the last certificate, over every byte of the document.',
  registers: () => 'PCR0, 1 and 2 are there and none is zero.',
  nonce: ({ nonce } = {} as UnverifiedAttestation) =>
    `The document carries ${String(nonce?.length ?? 0)} bytes that this browser had just made up. Nobody can have made it before.`,
  age: (content, { nowMs }) =>
    `Its clock says ${content === undefined ? '' : instant(content.timestampMs)}, ${content === undefined ? '' : duration(nowMs - content.timestampMs)} from this computer’s. Five minutes are allowed.`,
};

function verify({ document, nonce, anchor, nowMs }: Subject, pcr0s: Pcr0s): Promise<VerifiedAttestation> {
  const [first, ...rest] = pcr0s;
  return verifyAttestation(document, {
    acceptedMeasurements: [{ pcr0: first }, ...rest.map((pcr0) => ({ pcr0 }))],
    freshness: { nonce },
    maxAgeMs: MAX_AGE_MS,
    maxFutureSkewMs: MAX_AGE_MS,
    at: new Date(nowMs),
    ...(anchor && { trustAnchor: anchor }),
  });
}

function keysOf({ publicKey, userData }: VerifiedAttestation): Keys | undefined {
  if (publicKey?.length !== PUBLIC_KEY_BYTES || userData === undefined) return undefined;
  try {
    const binding = decodeKeyBinding(userData);
    return toHex(keyIdOf(publicKey)) === toHex(binding.keyId) ? { ...binding, publicKey } : undefined;
  } catch {
    return undefined;
  }
}

export function custodySentence(custody: string): string {
  return custody === PROCESS_CUSTODY
    ? 'Nobody: the keys were made inside and end with the enclave’s process.'
    : `The AWS KMS key ${custody}. It hands them to enclaves that its policy names; the image names this key in its measured configuration.`;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

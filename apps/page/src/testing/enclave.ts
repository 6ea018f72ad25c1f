import { bytes, pem, testTimeMs, uint, writeDocument } from '@communique-tee/attestation/testing';
import { keyIdOf } from '@communique-tee/crypto/browser';
import {
  encodeKeyBinding,
  encodePublicConfiguration,
  PROCESS_CUSTODY,
  toHex,
  type KeyBinding,
} from '@communique-tee/protocol';
import { createHash } from 'node:crypto';

/** The time of the test enclave's documents. */
export const NOW_MS = testTimeMs;

export const configuration = encodePublicConfiguration({
  version: 3,
  stack: 'test',
  custody: PROCESS_CUSTODY,
  residence: { mode: 'off' },
  legacySuite: false,
  egress: ['house.example:443', 'senate.example:443'],
  services: {
    congress: {
      acceptReplayAcrossEnclaves: false,
      officesAsOf: '2026-11-29',
      house: { origin: 'https://house.example', deduplicates: true },
      senate: { origin: 'https://senate.example', deduplicates: false },
    },
  },
});

export const sealingKey = new Uint8Array(32).fill(1);

export function keyBinding(over: Partial<KeyBinding> = {}): Uint8Array {
  return encodeKeyBinding({
    keyId: keyIdOf(sealingKey),
    receiptKey: new Uint8Array(32).fill(7),
    custody: PROCESS_CUSTODY,
    configSha256: new Uint8Array(createHash('sha256').update(configuration).digest()),
    ...over,
  });
}

const register = (index: number) => toHex(new Uint8Array(48).fill(0xa0 + index));
/** The measurements in the test enclave's documents. */
export const measurements = { pcr0: register(0), pcr1: register(1), pcr2: register(2), pcr3: register(3) } as const;

export interface Made {
  readonly nonce: Uint8Array;
  readonly userData?: Uint8Array;
  readonly timestampMs?: number;
}

/** Returns an attestation document under a root that is not AWS’s. */
export function attest({ nonce, userData = keyBinding(), timestampMs = NOW_MS }: Made): Uint8Array {
  return writeDocument({
    fields: (fields) =>
      fields
        .set('public_key', bytes(sealingKey))
        .set('user_data', bytes(userData))
        .set('nonce', bytes(nonce))
        .set('timestamp', uint(timestampMs)),
  }).document;
}

/** The root certificate of these documents. */
export const developmentRoot = pem(writeDocument().rootDer);

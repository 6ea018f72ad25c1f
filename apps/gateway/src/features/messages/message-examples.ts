import {
  DEFAULT_SUITE,
  type LegacyMessageJson,
  MESSAGE_ID_BYTES,
  messageIdToText,
  type MessageView,
  type SealedMessageJson,
  toBase64Url,
  toHex,
} from '@communique-tee/protocol';
import type { Example, ExampleSource } from '../../core/routing/operation';
import delivered from './delivered-message.json';

const LIFETIME_SECONDS = 3600;
const SMALLEST_CIPHERTEXT_BYTES = 1024 + 16;

/** A body that POST /api/messages accepts now. It is sealed to no key and contains no text, so it ends as `key_retired`. */
export function exampleMessage({ nowSeconds, random }: ExampleSource): Example & { readonly value: SealedMessageJson } {
  return {
    summary: 'A sealed message. This one is accepted, and no enclave can open it.',
    value: {
      version: 1,
      suite: DEFAULT_SUITE,
      keyId: toBase64Url(new Uint8Array(16)),
      messageId: messageIdToText(random(MESSAGE_ID_BYTES)),
      expiresAt: nowSeconds + LIFETIME_SECONDS,
      encapsulatedKey: toBase64Url(random(32)),
      nonce: toBase64Url(random(24)),
      ciphertext: toBase64Url(random(SMALLEST_CIPHERTEXT_BYTES)),
    },
  };
}

/** A body of the web client (legacy), for a gateway whose enclave opens messages of that client. */
export function exampleLegacyMessage({ random }: ExampleSource): Example & { readonly value: LegacyMessageJson } {
  return {
    summary: 'A message of the web client (legacy). This one too is accepted, and no enclave can open it.',
    value: {
      ciphertext: Buffer.from(random(120)).toString('base64'),
      nonce: Buffer.from(random(24)).toString('base64'),
      ephemeralPublicKey: `0x${toHex(random(32))}`,
      teeKeyId: toHex(new Uint8Array(16)),
    },
  };
}

const queued: MessageView = {
  id: delivered.id,
  status: 'queued',
  acceptedAt: delivered.acceptedAt,
  expiresAt: delivered.expiresAt,
  endedAt: null,
  attempts: 0,
  nextAttemptAt: '2026-11-30T01:48:28.662Z',
  reason: null,
  receipt: null,
  sealedAnswer: null,
};
const delivering: MessageView = { ...queued, status: 'delivering', attempts: 1 };

export const QUEUED_MESSAGE: Example = { summary: 'Accepted, and not yet relayed', value: queued };
export const DELIVERED_MESSAGE: Example = { summary: 'Delivered, with its receipt', value: delivered };
export const MESSAGE_EVENTS: Example = {
  summary: 'The first events of a message',
  value: `retry: 1000\n\n${[queued, delivering].map((view) => `event: status\ndata: ${JSON.stringify(view)}\n\n`).join('')}`,
};

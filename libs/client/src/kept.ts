import {
  DEFAULT_SUITE,
  KEY_ID_BYTES,
  MESSAGE_ID_PATTERN,
  NULLIFIER_BYTES,
  base64UrlText,
  fromBase64Url,
  messageIdFromText,
  toBase64Url,
} from '@communique-tee/protocol';
import * as z from 'zod';
import type { KeptMessage } from './api';
import { ClientError, type WhetherSent } from './errors';
import type { PreparedMessage } from './prepare';
import type { Followed } from './result';

const HASH_BYTES = 32;
const ANSWER_KEY_BYTES = 32;
const MAX_ORIGIN_LENGTH = 300;

/** Every member is bounded, so that what it accepts has less than 1,000 bytes of JSON. */
export const keptMessageSchema = z.strictObject({
  v: z.literal(1),
  gateway: z.string().max(MAX_ORIGIN_LENGTH),
  id: z.string().regex(MESSAGE_ID_PATTERN),
  suite: z.literal(DEFAULT_SUITE),
  keyId: base64UrlText(KEY_ID_BYTES),
  expiresAt: z.int().min(0).max(0xffff_ffff),
  nullifier: base64UrlText(NULLIFIER_BYTES).nullable(),
  sealedSha256: base64UrlText(HASH_BYTES),
  answerKey: base64UrlText(ANSWER_KEY_BYTES),
  accepted: z.boolean(),
});

/** @param accepted whether the gateway has answered 202 */
export function keptOf(prepared: PreparedMessage, gateway: URL, accepted: boolean): KeptMessage {
  const { suite, keyId, expiresAtSeconds, nullifier } = prepared.message;
  return {
    v: 1,
    gateway: gateway.origin,
    id: prepared.id,
    suite,
    keyId: toBase64Url(keyId),
    expiresAt: expiresAtSeconds,
    nullifier: nullifier && toBase64Url(nullifier),
    sealedSha256: toBase64Url(prepared.sealedSha256),
    answerKey: toBase64Url(prepared.answerKey),
    accepted,
  };
}

export interface ReadKept {
  readonly followed: Followed;
  /** It is kept before it is posted. Without `accepted` only an answer about it proves that the gateway has it. */
  readonly sent: WhetherSent;
}

/**
 * Reads what was kept. No error quotes it: it holds a key.
 * @throws ClientError `kept_invalid` with the reason `version_unknown`, `malformed` or `other_gateway`
 */
export function readKept(kept: unknown, gateway: URL): ReadKept {
  if (typeof kept === 'object' && kept !== null && 'v' in kept && kept.v !== 1) throw invalid('version_unknown');
  const parsed = keptMessageSchema.safeParse(kept);
  if (!parsed.success) throw invalid('malformed');
  const { id, suite, expiresAt, accepted, ...texts } = parsed.data;
  if (texts.gateway !== gateway.origin) throw invalid('other_gateway');
  return {
    sent: accepted ? 'accepted' : 'not_known',
    followed: {
      id,
      message: {
        suite,
        keyId: fromBase64Url(texts.keyId),
        messageId: messageIdFromText(id),
        expiresAtSeconds: expiresAt,
        nullifier: texts.nullifier === null ? null : fromBase64Url(texts.nullifier),
      },
      sealedSha256: fromBase64Url(texts.sealedSha256),
      answerKey: fromBase64Url(texts.answerKey),
    },
  };
}

function invalid(reason: string): ClientError {
  return new ClientError('kept_invalid', 'this is not what `send` handed out to be kept for this gateway', {
    reason,
    sent: 'not_known',
  });
}

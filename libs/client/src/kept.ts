import { fromBase64Url, keptMessageSchema, messageIdFromText, toBase64Url } from '@communique-tee/protocol';
import type { KeptMessage } from './api';
import { ClientError, type WhetherSent } from './errors';
import type { PreparedMessage } from './prepare';
import type { Followed } from './result';

/** @param accepted whether the gateway has answered 202 */
export function keptOf(prepared: PreparedMessage, gateway: URL, accepted: boolean): KeptMessage {
  const { suite, keyId, expiresAtSeconds, nullifier } = prepared.message;
  return {
    v: 2,
    gateway: gateway.origin,
    id: prepared.id,
    suite,
    keyId: toBase64Url(keyId),
    expiresAt: expiresAtSeconds,
    nullifier: nullifier && toBase64Url(nullifier),
    sealedSha256: toBase64Url(prepared.sealedSha256),
    answerKey: toBase64Url(prepared.answerKey),
    statusSecret: prepared.proven === undefined ? null : toBase64Url(prepared.proven.statusSecret),
    accepted,
  };
}

export interface ReadKept {
  readonly followed: Followed;
  /** `not_known` until the gateway has answered about the message, because the value may have been kept before the post. */
  readonly sent: WhetherSent;
}

/**
 * Reads a kept value. Errors do not quote it, because it contains a key.
 * @throws ClientError `kept_invalid` with the reason `version_unknown`, `malformed` or `other_gateway`
 */
export function readKept(kept: unknown, gateway: URL): ReadKept {
  if (typeof kept === 'object' && kept !== null && 'v' in kept && kept.v !== 2) throw invalid('version_unknown');
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
      ...(texts.statusSecret !== null && { proven: { statusSecret: fromBase64Url(texts.statusSecret) } }),
    },
  };
}

function invalid(reason: string): ClientError {
  return new ClientError('kept_invalid', 'this value was not made by `send` for this gateway', {
    reason,
    sent: 'not_known',
  });
}

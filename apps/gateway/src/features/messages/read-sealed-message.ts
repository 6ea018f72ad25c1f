import {
  decodeJson,
  decodeSealedMessage,
  isLegacyMessageJson,
  legacyMessageFromJson,
  type LegacyMessage,
  type SealedMessage,
  sealedMessageFromJson,
} from '@communique-tee/protocol';
import { ProblemError } from '../../core/problems/problem-error';
import { RawBody } from '../../core/routing/raw-body';

export type PostedMessage =
  | { readonly kind: 'standard'; readonly message: SealedMessage }
  | { readonly kind: 'legacy'; readonly message: LegacyMessage };

/**
 * The body of POST /api/messages in either form, or the JSON of the web client that exists today. Whether that is open here is not asked.
 * @throws ProblemError `malformed_body` | `unsupported_media_type`; ProtocolError `malformed_body` | `body_too_large` | `suite_unsupported`
 */
export function readSealedMessage(body: unknown): PostedMessage {
  if (!(body instanceof RawBody))
    throw new ProblemError('unsupported_media_type', { detail: 'Send application/json or application/cbor.' });
  if (body.mediaType === 'application/cbor') return { kind: 'standard', message: decodeSealedMessage(body.bytes) };
  const value = decodeJson(body.bytes);
  return isLegacyMessageJson(value)
    ? { kind: 'legacy', message: legacyMessageFromJson(value) }
    : { kind: 'standard', message: sealedMessageFromJson(value) };
}

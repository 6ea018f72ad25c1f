import {
  decodeEnvelope,
  decodeJson,
  type Envelope,
  envelopeFromJson,
  isLegacyMessageJson,
  legacyMessageFromJson,
  type LegacyMessage,
} from '@communique-tee/protocol';
import { ProblemError } from '../../core/problems/problem-error';
import { RawBody } from '../../core/routing/raw-body';

export type PostedMessage =
  | { readonly kind: 'standard'; readonly envelope: Envelope }
  | { readonly kind: 'legacy'; readonly message: LegacyMessage };

/**
 * Reads the body of POST /api/messages: CBOR or JSON, with or without a proof of residence, or the JSON of the web client (legacy). It does
 * not check whether this gateway takes that form.
 * @throws ProblemError `unsupported_media_type`; ProtocolError `malformed_body` | `body_too_large` | `suite_unsupported`
 */
export function readSealedMessage(body: unknown): PostedMessage {
  if (!(body instanceof RawBody))
    throw new ProblemError('unsupported_media_type', { detail: 'Send application/json or application/cbor.' });
  if (body.mediaType === 'application/cbor') return { kind: 'standard', envelope: decodeEnvelope(body.bytes) };
  const value = decodeJson(body.bytes);
  return isLegacyMessageJson(value)
    ? { kind: 'legacy', message: legacyMessageFromJson(value) }
    : { kind: 'standard', envelope: envelopeFromJson(value) };
}

import { decodeJson, decodeSealedMessage, type SealedMessage, sealedMessageFromJson } from '@communique-tee/protocol';
import { ProblemError } from '../http/problem-error';
import { RawBody } from '../http/raw-body';

/**
 * The body of POST /api/messages in either form.
 * @throws ProblemError `malformed_body` | `unsupported_media_type`; ProtocolError `malformed_body` | `body_too_large` | `suite_unsupported`
 */
export function readSealedMessage(body: unknown): SealedMessage {
  if (!(body instanceof RawBody)) throw new ProblemError('unsupported_media_type', { detail: 'Send application/json or application/cbor.' });
  return body.mediaType === 'application/cbor' ? decodeSealedMessage(body.bytes) : sealedMessageFromJson(decodeJson(body.bytes));
}

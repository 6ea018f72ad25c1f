import { createHash } from 'node:crypto';
import {
  agentRequestFromJson,
  decodeAgentRequest,
  decodeJson,
  encodeAgentRequest,
  LIMITS,
  messageIdToText,
  type AgentRequest,
} from '@communique-tee/protocol';
import { ProblemError } from '../../core/problems/problem-error';
import { RawBody } from '../../core/routing/raw-body';

/** A sealed task in the form in which it is relayed. */
export interface PostedTask {
  /** The message id of the sealed task, as a UUID. */
  readonly requestId: string;
  readonly request: AgentRequest;
  /** The canonical CBOR form, even if the client sent another form. */
  readonly bytes: Uint8Array;
  /** SHA-256 of `bytes`. */
  readonly sha256: Uint8Array;
}

/**
 * Reads the body of `POST /api/agents` in either form.
 * @throws ProblemError `unsupported_media_type` | `body_too_large`; ProtocolError `malformed_body` | `body_too_large` | `suite_unsupported`
 */
export function readAgentRequest(body: unknown): PostedTask {
  if (!(body instanceof RawBody))
    throw new ProblemError('unsupported_media_type', { detail: 'Send application/json or application/cbor.' });
  const request = body.mediaType === 'application/cbor' ? decodeAgentRequest(body.bytes) : fromJson(body.bytes);
  const bytes = encodeAgentRequest(request);
  return {
    requestId: messageIdToText(request.sealed.messageId),
    request,
    bytes,
    sha256: new Uint8Array(createHash('sha256').update(bytes).digest()),
  };
}

function fromJson(bytes: Uint8Array): AgentRequest {
  if (bytes.length > LIMITS.maxAgentRequestJsonBytes) throw new ProblemError('body_too_large');
  return agentRequestFromJson(decodeJson(bytes));
}

/** Whether the task expires in the future, and not more than LIMITS.maxTaskLifetimeSeconds ahead. */
export function mayStillRun({ request }: PostedTask, now: Date): boolean {
  const aheadMs = request.sealed.expiresAtSeconds * 1000 - now.getTime();
  return aheadMs > 0 && aheadMs <= LIMITS.maxTaskLifetimeSeconds * 1000;
}

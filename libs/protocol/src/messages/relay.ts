import * as z from 'zod';
import { decodeStrict, encodeCanonical } from '../encoding/cbor';
import { ProtocolError } from '../problems';
import { LIMITS } from '../limits';
import { bytesUpTo } from '../encoding/bytes';

/**
 * The requests of the gateway to the enclave, HTTP/1.1 over vsock, unix socket or loopback TCP:
 *
 * - `POST /messages`, body `application/cbor`: an envelope (envelope.ts) or a legacy message in its CBOR form -> 200 `application/cbor`, a
 *   RelayAnswer; or a problem document: `key_retired`, `sealed_message_refused`, `message_expired`, `expiry_out_of_range`, `enclave_busy`,
 *   `service_off`, a problem of the proof of residence, or a problem of a wrong HTTP request. Two headers report earlier attempts, which an
 *   enclave that shares its keys may not have seen. `communique-dispatched-before: 1`: an attempt was sent and never answered.
 *   `communique-interim-receipt`: the last receipt with an office that is `pending`. It is a JWS. The enclave verifies it under its own key,
 *   and ignores it if it does not verify.
 * - `POST /agents`, body `application/cbor`: an AgentRequest, with `communique-attempt: 1` or `2` -> 200
 *   `application/cbor`, an AgentReply. The gateway adds `communique-dispatched-before: 1` if it relayed this attempt before to an
 *   enclave with the same module id. Then the enclave does not call the provider again. It answers from memory or with the outcome of
 *   the running attempt, or refuses with `outcome_unknown`. An enclave without a free place refuses at once with `enclave_busy`. The
 *   task then waits in the gateway, where an emergency stop can end the wait.
 * - `GET /attestation?nonce=<hex>` -> 200 `application/cose`, the document's bytes. Without the parameter, the document has no
 *   nonce.
 * - `GET /attestation/configuration` -> 200 `application/json`, see enclave/public-configuration.ts.
 * - `POST /keys`, see enclave/key-exchange.ts. Until the enclave has a key, it answers `POST /messages`, `POST /agents` and
 *   `GET /attestation` with `keys_not_ready`.
 * - `GET /health` -> 200 JSON, see enclave/health.ts.
 */
export const DISPATCHED_BEFORE_HEADER = 'communique-dispatched-before';
export const DISPATCHED_BEFORE = '1';
export const INTERIM_RECEIPT_HEADER = 'communique-interim-receipt';
/** A receipt is a JWS in compact form. */
export const MAX_RECEIPT_CHARACTERS = 8192;

const relayAnswerSchema = z.strictObject({
  v: z.literal(2),
  /**
   * `final`: the gateway does not send the message again. `pending`: the gateway sends the same bytes after `retryAfterSeconds`, and the
   * enclave tries all pending copies again. A gateway that sends the bytes earlier gets the same pending answer. `retryAfterSeconds` is null
   * if every pending copy was withheld.
   */
  state: z.enum(['final', 'pending']),
  retryAfterSeconds: z.int().min(1).max(86_400).nullable(),
  /**
   * The number of `pending` copies in the receipt that the enclave withheld, because an earlier attempt may have sent them
   * (`communique-dispatched-before`). Only the gateway claims that attempt, so the enclave neither signs nor remembers this number. The
   * gateway repeats the header with the next attempt. If all pending copies were withheld, it ends the message as `unknown`.
   */
  withheld: z.int().min(0).max(LIMITS.maxOffices),
  /** JWS in compact form. */
  receipt: z.string().max(MAX_RECEIPT_CHARACTERS),
  attestationDocument: bytesUpTo(16_512),
  /** The sealed answer in its CBOR form. */
  answer: bytesUpTo(65_536),
});
export type RelayAnswer = Omit<z.infer<typeof relayAnswerSchema>, 'v'>;

export function encodeRelayAnswer(answer: RelayAnswer): Uint8Array {
  return encodeCanonical({ v: 2, ...answer });
}

/** @throws ProtocolError `body_too_large` | `malformed_body` */
export function decodeRelayAnswer(bytes: Uint8Array): RelayAnswer {
  const parsed = relayAnswerSchema.safeParse(decodeStrict(bytes, LIMITS.maxRelayAnswerBytes));
  if (!parsed.success) throw new ProtocolError('malformed_body', 'not a relay answer');
  const { v: _version, ...answer } = parsed.data;
  return answer;
}

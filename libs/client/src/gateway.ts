import { isEnded, messageViewSchema, toBase64Url, toHex, type MessageView } from '@communique-tee/protocol';
import { ClientError } from './errors';
import { readJson, request, withSignal } from './http';
import type { PreparedMessage } from './prepare';

const TIMEOUT_MS = 30_000;

/** The credentials for reading a message's status. Each has its own header. */
export interface Access {
  /** The sender's bearer token. */
  token?: string | undefined;
  /** 32 bytes, for a proven message, in place of a token. */
  statusSecret?: Uint8Array | undefined;
}

export interface GatewayOptions extends Access {
  gateway: string | URL;
  signal?: AbortSignal | undefined;
}

export function accessHeaders({ token, statusSecret }: Access): Record<string, string> {
  return {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(statusSecret !== undefined && { 'communique-status-secret': toBase64Url(statusSecret) }),
  };
}

/**
 * Posts a sealed message in one request, without retries. Calling it again is safe: the Idempotency-Key is the hash of the sealed bytes, so
 * the gateway accepts the message once. A proven message needs no token.
 * @throws ClientError `refused` | `answer_invalid` | `policy_invalid`, and what fetch throws
 */
export async function postMessage(
  { gateway, token, signal }: GatewayOptions,
  prepared: PreparedMessage,
): Promise<MessageView> {
  const headers = {
    ...accessHeaders({ token }),
    'content-type': 'application/cbor',
    'idempotency-key': toHex(prepared.sealedSha256),
  };
  const body = new Uint8Array(prepared.proven?.envelope ?? prepared.sealed);
  const view = readView(
    await request(
      new URL('/api/messages', gateway),
      { method: 'POST', headers, body, ...withSignal(signal) },
      TIMEOUT_MS,
    ),
  );
  if (view.id !== prepared.id) throw new ClientError('answer_invalid', 'the answer is about another message');
  return view;
}

export async function fetchMessage({ gateway, signal, ...access }: GatewayOptions, id: string): Promise<MessageView> {
  return readView(
    await request(messageUrl(gateway, id), { headers: accessHeaders(access), ...withSignal(signal) }, TIMEOUT_MS),
  );
}

/**
 * Returns the address of the registrar's list. The client ignores the rest of this answer, because the enclave attests the registrar's
 * keys.
 * @throws ClientError `refused` | `answer_invalid` | `policy_invalid`, and what fetch throws
 */
export async function fetchListAddress(gateway: string | URL, signal?: AbortSignal): Promise<string> {
  const answer = readJson(
    await request(new URL('/api/residence', gateway), { headers: {}, ...withSignal(signal) }, TIMEOUT_MS),
  );
  const files = typeof answer === 'object' && answer !== null && 'files' in answer ? answer.files : undefined;
  if (typeof files !== 'string')
    throw new ClientError('answer_invalid', 'the gateway does not tell where the registrar’s list is');
  return files;
}

export interface FollowOptions {
  timeoutMs?: number;
  /** The first pause between requests. Pauses grow to five seconds. */
  intervalMs?: number;
  onStatus?: (view: MessageView) => void;
}

/**
 * Asks for the status until the message has ended, and returns the last status.
 * @throws ClientError `timeout` (the gateway continues to deliver the message) | `refused` | `answer_invalid` | `policy_invalid`, and what
 * fetch throws
 */
export async function followMessage(
  options: GatewayOptions,
  id: string,
  { timeoutMs = 60_000, intervalMs = 100, onStatus }: FollowOptions = {},
): Promise<MessageView> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = intervalMs; ; pauseMs = Math.min(5_000, pauseMs * 1.5)) {
    const view = await fetchMessage(options, id);
    onStatus?.(view);
    if (isEnded(view.status)) return view;
    if (Date.now() + pauseMs > deadline)
      throw new ClientError('timeout', 'the message has not ended within the time allowed');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function messageUrl(gateway: string | URL, id: string): URL {
  return new URL(`/api/messages/${encodeURIComponent(id)}`, gateway);
}

export function messageEventsUrl(gateway: string | URL, id: string): URL {
  return new URL(`/api/messages/${encodeURIComponent(id)}/events`, gateway);
}

/** @throws ClientError `answer_invalid` */
export function readView(body: Uint8Array): MessageView {
  const parsed = messageViewSchema.safeParse(readJson(body));
  if (!parsed.success) throw new ClientError('answer_invalid', 'the answer is not a message view');
  return parsed.data;
}

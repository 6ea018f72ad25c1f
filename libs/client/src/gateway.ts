import { isEnded, messageViewSchema, toHex, type MessageView } from '@communique-tee/protocol';
import { ClientError } from './errors';
import { readJson, request, withSignal } from './http';
import type { PreparedMessage } from './prepare';

const TIMEOUT_MS = 30_000;

export interface GatewayOptions {
  gateway: string | URL;
  /** A bearer token; it is sent in its header and nowhere else. */
  token: string;
  /** Gives the request up. */
  signal?: AbortSignal | undefined;
}

/**
 * Posts a sealed message once; posting the same one again is safe, it is accepted once. Its Idempotency-Key names the sealed bytes.
 * @throws ClientError `refused` | `answer_invalid`, and what fetch throws
 */
export async function postMessage(
  { gateway, token, signal }: GatewayOptions,
  prepared: PreparedMessage,
): Promise<MessageView> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/cbor',
    'idempotency-key': toHex(prepared.sealedSha256),
  };
  const body = new Uint8Array(prepared.sealed);
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

export async function fetchMessage({ gateway, token, signal }: GatewayOptions, id: string): Promise<MessageView> {
  return readView(
    await request(
      messageUrl(gateway, id),
      { headers: { authorization: `Bearer ${token}` }, ...withSignal(signal) },
      TIMEOUT_MS,
    ),
  );
}

export interface FollowOptions {
  timeoutMs?: number;
  /** First pause between questions; it grows to five seconds. */
  intervalMs?: number;
  onStatus?: (view: MessageView) => void;
}

/**
 * Asks until the message has ended.
 * @throws ClientError `timeout`; the message itself goes on
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
    if (Date.now() + pauseMs > deadline) throw new ClientError('timeout', 'no end within the time allowed');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function messageUrl(gateway: string | URL, id: string): URL {
  return new URL(`/api/messages/${encodeURIComponent(id)}`, gateway);
}

/** Where the same message is told of as events. */
export function messageEventsUrl(gateway: string | URL, id: string): URL {
  return new URL(`/api/messages/${encodeURIComponent(id)}/events`, gateway);
}

/** @throws ClientError `answer_invalid` */
export function readView(body: Uint8Array): MessageView {
  const parsed = messageViewSchema.safeParse(readJson(body));
  if (!parsed.success) throw new ClientError('answer_invalid', 'the answer is not a message view');
  return parsed.data;
}

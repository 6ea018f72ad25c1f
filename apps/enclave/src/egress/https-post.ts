import { CONNECTION_ENDS, type ConnectionEnd, type EnclaveDestination } from '@communique-tee/protocol';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Egress, EgressError, errorCode } from './egress';
import type { KeptConnections } from './kept-connections';
import { destinationOf } from './origin';
import type { SecureConnection } from './secure-connection';
import { secured, tlsReason, type SecureOptions } from './secure-socket';

/**
 * Why there is no answer. Before any byte was sent: `not_allowed`, `name_not_resolved`, `unreachable`, `connect_timeout`,
 * `certificate_refused`, `tls_failed`. After bytes may have been sent, so that the outcome is unknown: `answer_timeout`, `connection_lost`,
 * `malformed_answer`. At either time: `aborted` (see `sent`).
 */
export type HttpsFailure =
  | 'aborted'
  | 'not_allowed'
  | 'name_not_resolved'
  | 'unreachable'
  | 'connect_timeout'
  | 'certificate_refused'
  | 'tls_failed'
  | 'answer_timeout'
  | 'connection_lost'
  | 'malformed_answer';

/** The request got no answer. If `sent`, bytes of the request may have left, so the server may have acted on it. */
export class HttpsError extends Error {
  override readonly name = 'HttpsError';
  constructor(
    readonly reason: HttpsFailure,
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

export interface HttpsPost extends SecureOptions {
  /** Connections are counted by destination. */
  destination: EnclaveDestination;
  /** Path and query. */
  target: string;
  /** Header names in lower case. `httpsPost` adds host, content-length and connection. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /**
   * Idle connections to this origin under these authorities. The request takes one of them, or opens a new one, and returns it here
   * afterwards. If undefined, the request opens a connection and closes it after the answer.
   */
  kept?: KeptConnections | undefined;
  maxAnswerBytes: number;
  /** For the whole exchange, from name resolution to the last byte of the answer. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Aborts the request only before its first byte is sent. */
  signalBeforeSending?: AbortSignal | undefined;
}

export interface HttpsAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body, cut at `maxAnswerBytes`. */
  body: Uint8Array;
  /** Why the body is incomplete; null if it is complete. Status and headers are complete either way. */
  cutBy: 'limit' | 'deadline' | 'connection' | null;
}

const MAX_HEAD_BYTES = 16 * 1024;

/**
 * Sends one request over a new or a kept connection: an egress socket, TLS that ends in the enclave, HTTP/1.1 by Node's client. Follows no
 * redirect, uses no HTTP proxy. A connection is kept only after a complete answer.
 * @throws HttpsError
 */
export async function httpsPost(egress: Egress, post: HttpsPost): Promise<HttpsAnswer> {
  const deadline = AbortSignal.timeout(post.timeoutMs);
  const given = [post.signal, post.signalBeforeSending].flatMap((each) => each ?? []);
  const beforeSending = AbortSignal.any([...given, deadline]);
  const signal = post.signal ? AbortSignal.any([post.signal, deadline]) : deadline;
  const hasGivenUp = (): boolean => given.some(({ aborted }) => aborted);

  const connection = post.kept?.take(post.clock) ?? (await openConnection(egress, post, beforeSending, hasGivenUp));
  try {
    if (hasGivenUp()) throw new HttpsError('aborted', false);
    const answer = await exchange(connection, post, signal, deadline).catch((cause: unknown) => {
      const reason =
        post.signal?.aborted === true ? 'aborted' : signal.aborted ? 'answer_timeout' : answerReason(cause);
      throw new HttpsError(reason, true, { cause });
    });
    if (post.kept && answer.cutBy === null) post.kept.keep(connection, post.clock);
    else connection.end();
    return answer;
  } catch (error) {
    connection.end();
    throw error;
  }
}

async function openConnection(
  egress: Egress,
  post: HttpsPost,
  signal: AbortSignal,
  hasGivenUp: () => boolean,
): Promise<SecureConnection> {
  const counted = (end: ConnectionEnd): void => egress.connections.count(post.destination, end);
  let raw: Socket | undefined;
  try {
    raw = await openSocket(egress, post, signal, hasGivenUp);
    const connection = await secured(raw, post, signal).catch((cause: unknown) => {
      const reason = hasGivenUp() ? 'aborted' : signal.aborted ? 'connect_timeout' : tlsReason(cause);
      throw new HttpsError(reason, false, { cause });
    });
    // Counted before any byte of the request is sent, so no answer can change the counts that the parent reads
    counted('connected');
    return connection;
  } catch (error) {
    raw?.destroy();
    if (error instanceof HttpsError && isConnectionEnd(error.reason)) counted(error.reason);
    throw error;
  }
}

function isConnectionEnd(reason: string): reason is ConnectionEnd {
  return (CONNECTION_ENDS as readonly string[]).includes(reason);
}

const EGRESS_REASONS = {
  egress_not_allowed: 'not_allowed',
  egress_name_not_resolved: 'name_not_resolved',
  egress_unreachable: 'unreachable',
  egress_timeout: 'connect_timeout',
  egress_aborted: 'aborted',
} as const satisfies Record<EgressError['code'], HttpsFailure>;

async function openSocket(
  egress: Egress,
  post: HttpsPost,
  signal: AbortSignal,
  hasGivenUp: () => boolean,
): Promise<Socket> {
  const { host, port } = destinationOf(post.origin);
  try {
    return await egress.connect(host, port, { timeoutMs: post.timeoutMs, signal });
  } catch (cause) {
    if (!(cause instanceof EgressError)) throw cause;
    const timedOut = cause.code === 'egress_aborted' && !hasGivenUp();
    throw new HttpsError(timedOut ? 'connect_timeout' : EGRESS_REASONS[cause.code], false, { cause });
  }
}

function exchange(
  connection: SecureConnection,
  { origin, target, headers, body, maxAnswerBytes, kept }: HttpsPost,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<HttpsAnswer> {
  connection.begin();
  return new Promise((resolve, reject) => {
    const outgoing = request({
      agent: connection.agent,
      method: 'POST',
      path: target,
      host: destinationOf(origin).host,
      setDefaultHeaders: false,
      headers: {
        ...headers,
        host: origin.slice('https://'.length),
        'content-length': String(body.length),
        connection: kept ? 'keep-alive' : 'close',
      },
      maxHeaderSize: MAX_HEAD_BYTES,
      insecureHTTPParser: false,
      signal,
    });
    let answered = false;
    outgoing.on('error', (error) => {
      // This listener stays attached, because a late error must neither end the process nor replace an answer whose head has arrived
      if (!answered) reject(error);
    });
    outgoing.once('upgrade', (_incoming, socket) => {
      socket.destroy();
      reject(new Error('upgraded'));
    });
    outgoing.once('response', (incoming) => {
      answered = true;
      void readBounded(incoming, maxAnswerBytes, deadline).then((read) =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, ...read }),
      );
    });
    outgoing.end(body);
  });
}

/** Never rejects, because the body only explains the status and headers. */
async function readBounded(
  incoming: IncomingMessage,
  maxBytes: number,
  deadline: AbortSignal,
): Promise<Pick<HttpsAnswer, 'body' | 'cutBy'>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let isComplete = false;
  try {
    for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
      chunks.push(chunk.subarray(0, maxBytes - length));
      length += chunk.length;
      if (length > maxBytes) break;
    }
    isComplete = incoming.complete;
  } catch {
    // The connection ended, or the deadline passed, before the end of the body
  }
  incoming.destroy();
  const cutBy = length > maxBytes ? 'limit' : isComplete ? null : deadline.aborted ? 'deadline' : 'connection';
  return { body: Buffer.concat(chunks), cutBy };
}

function answerReason(cause: unknown): HttpsFailure {
  return /^HPE_/.test(errorCode(cause)) ? 'malformed_answer' : 'connection_lost';
}

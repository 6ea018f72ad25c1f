import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { EgressError, errorCode, type Egress } from '../egress';
import { destinationOf } from './congress-config';
import type { OfficeReason } from './office-result';

export interface HttpsPost {
  origin: string;
  /** Path and query. */
  target: string;
  /** PEM: these and no others are trusted. */
  authorities: readonly string[];
  contentType: string;
  body: Uint8Array;
  /** For everything together, from name resolution to the last byte of the answer. */
  timeoutMs: number;
  signal: AbortSignal | undefined;
}

export interface HttpsAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body's first 64 KiB at most; shorter too where the connection broke in it: only the head can be built upon. */
  body: Uint8Array;
}

/** There is no answer. `sent` says whether any byte of the request may have left: then the far end may have acted on it. */
export class HttpsPostError extends Error {
  override readonly name = 'HttpsPostError';
  constructor(
    readonly reason: OfficeReason,
    readonly sent: boolean,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * One request over one connection of its own: the egress socket, TLS that ends here, HTTP/1.1 by Node's own client. No redirect
 * is followed, no proxy asked, nothing kept. Every TLS option that an environment variable could weaken is given by name.
 * @throws HttpsPostError
 */
export async function httpsPost(egress: Egress, post: HttpsPost): Promise<HttpsAnswer> {
  const deadline = AbortSignal.timeout(post.timeoutMs);
  const signal = post.signal ? AbortSignal.any([post.signal, deadline]) : deadline;
  const whenEnded = (): 'aborted' | null => (post.signal?.aborted === true ? 'aborted' : null);

  const raw = await openSocket(egress, post, signal);
  try {
    const secure = await secured(raw, post, signal).catch((cause: unknown) => {
      throw new HttpsPostError(signal.aborted ? (whenEnded() ?? 'connect_timeout') : tlsReason(cause), false, { cause });
    });
    return await exchange(secure, post, signal).catch((cause: unknown) => {
      throw new HttpsPostError(signal.aborted ? (whenEnded() ?? 'answer_timeout') : answerReason(cause), true, { cause });
    });
  } finally {
    raw.destroy();
  }
}

const EGRESS_REASONS = {
  egress_not_allowed: 'not_allowed',
  egress_name_not_resolved: 'name_not_resolved',
  egress_unreachable: 'unreachable',
  egress_timeout: 'connect_timeout',
  egress_aborted: 'aborted',
} as const satisfies Record<EgressError['code'], OfficeReason>;

async function openSocket(egress: Egress, post: HttpsPost, signal: AbortSignal): Promise<Socket> {
  const { host, port } = destinationOf(post.origin);
  try {
    return await egress.connect(host, port, { timeoutMs: post.timeoutMs, signal });
  } catch (cause) {
    if (!(cause instanceof EgressError)) throw cause;
    const timedOut = cause.code === 'egress_aborted' && post.signal?.aborted !== true;
    throw new HttpsPostError(timedOut ? 'connect_timeout' : EGRESS_REASONS[cause.code], false, { cause });
  }
}

/** Resolves once the certificate is verified and nothing but the handshake has been said. */
function secured(raw: Socket, { origin, authorities }: HttpsPost, signal: AbortSignal): Promise<TLSSocket> {
  const host = destinationOf(origin).host.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket: raw,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}), // RFC 6066 section 3: no address in SNI
      ca: [...authorities],
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
      ALPNProtocols: ['http/1.1'],
    });
    secure.removeAllListeners('keylog'); // --tls-keylog would write the session's secrets to a file
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      raw.off('error', fail);
      secure.off('close', onClose);
    };
    const fail = (error: Error): void => {
      settle();
      raw.on('error', () => undefined);
      secure.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const onClose = (): void => fail(new Error('closed in the handshake'));
    secure.on('error', fail); // stays: an error without a listener would end the process
    raw.once('error', fail);
    secure.once('close', onClose);
    secure.once('secureConnect', () => {
      settle();
      raw.on('error', () => undefined); // the TLS socket reports it
      resolve(secure);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function exchange(secure: TLSSocket, { origin, target, contentType, body }: HttpsPost, signal: AbortSignal): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      createConnection: () => secure,
      method: 'POST',
      path: target,
      host: destinationOf(origin).host,
      setDefaultHeaders: false,
      headers: {
        host: origin.slice('https://'.length),
        'content-type': contentType,
        'content-length': String(body.length),
        accept: 'application/xml, text/xml, */*;q=0.1',
        connection: 'close',
      },
      maxHeaderSize: MAX_HEAD_BYTES,
      insecureHTTPParser: false,
      signal,
    });
    let answered = false;
    outgoing.on('error', (error) => {
      // Stays: one that comes after the head must neither end the process nor undo what the head said
      if (!answered) reject(error);
    });
    outgoing.once('upgrade', (_incoming, socket) => {
      socket.destroy();
      reject(new Error('upgraded'));
    });
    outgoing.once('response', (incoming) => {
      answered = true;
      void readBounded(incoming).then((read) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: read }));
    });
    outgoing.end(body);
  });
}

/** Never rejects: the head has been read, and what follows only explains it. */
async function readBounded(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
      chunks.push(chunk.subarray(0, MAX_ANSWER_BYTES - length));
      length += chunk.length;
      if (length >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // cut or late in the body
  }
  incoming.destroy();
  return Buffer.concat(chunks);
}

/** OpenSSL's X509_V_ERR names, as Node gives them, and Node's own for the name check. */
const CERTIFICATE_CODES =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|ERROR_IN_CERT_|CRL_|ERROR_IN_CRL_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$)/;

function tlsReason(cause: unknown): OfficeReason {
  return CERTIFICATE_CODES.test(errorCode(cause)) ? 'certificate_refused' : 'tls_failed';
}

function answerReason(cause: unknown): OfficeReason {
  return /^HPE_/.test(errorCode(cause)) ? 'malformed_answer' : 'connection_lost';
}

import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { startTimer } from '../ports';
import { TimeLimitError } from '../runner/time-limit';

export interface HeadTarget {
  readonly host: string;
  readonly port: number;
  /** The host's IP address, to which the request connects. */
  readonly address: string;
  readonly family: number;
  /** PEM. Only these authorities are trusted. */
  readonly certificateAuthorities: readonly string[];
  readonly signal: AbortSignal;
  /** After this time the request ends with TimeLimitError. */
  readonly limitMs: number;
}

export type HeadStage = 'connect' | 'tls' | 'answer';
export interface HeadAnswer {
  readonly status: number;
  readonly protocol: string;
  readonly validTo: string;
  /** The server's certificate first, then its issuers. */
  readonly chain: readonly X509Certificate[];
}
export type HeadEnd = HeadAnswer | { readonly stage: HeadStage; readonly error: unknown };

/** Sends `HEAD /` without an API key. @returns the answer, or the stage at which the request failed */
export function head({
  host,
  port,
  address,
  family,
  certificateAuthorities,
  signal,
  limitMs,
}: HeadTarget): Promise<HeadEnd> {
  return new Promise((resolve) => {
    let stage: HeadStage = 'connect';
    const asked = request({
      host,
      port,
      method: 'HEAD',
      path: '/',
      agent: false,
      headers: { 'user-agent': 'communique-tee-preflight' },
      ca: [...certificateAuthorities],
      signal,
      lookup: (_host, options, callback) => {
        if (options.all === true) callback(null, [{ address, family }]);
        else callback(null, address, family);
      },
    });
    asked.on(
      'close',
      startTimer(limitMs, () => asked.destroy(new TimeLimitError(limitMs))),
    );
    let shown: Omit<HeadAnswer, 'status'> = { protocol: '', validTo: '', chain: [] };
    asked.on('socket', (socket) => {
      socket.once('connect', () => (stage = 'tls'));
      socket.once('secureConnect', () => {
        stage = 'answer';
        if (!(socket instanceof TLSSocket)) return;
        const certificate = socket.getPeerCertificate(true);
        shown = { protocol: String(socket.getProtocol()), validTo: certificate.valid_to, chain: chainOf(certificate) };
      });
    });
    asked.on('response', (response) => {
      response.destroy();
      resolve({ status: response.statusCode ?? 0, ...shown });
    });
    asked.on('error', (error) => {
      resolve({ stage, error });
    });
    asked.end();
  });
}

/** Follows the issuers. Node links a self-signed certificate to itself, which ends the chain. */
function chainOf(certificate: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = certificate;
  while (next?.raw) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { TLSSocket, type DetailedPeerCertificate } from 'node:tls';
import { startTimer } from '../ports';
import { TookTooLong } from '../runner/time-limit';

export interface HeadTarget {
  readonly host: string;
  readonly port: number;
  /** An address of the host, from a resolver that tests can replace. */
  readonly address: string;
  readonly family: number;
  /** PEM; nothing else is trusted. */
  readonly certificateAuthorities: readonly string[];
  readonly signal: AbortSignal;
  /** Time limit; it then ends with TookTooLong and the stage that it reached. */
  readonly limitMs: number;
}

export type HeadStage = 'connect' | 'tls' | 'answer';
export interface HeadAnswer {
  readonly status: number;
  readonly protocol: string;
  readonly validTo: string;
  /** As the server sent it, its own certificate first. */
  readonly chain: readonly X509Certificate[];
}
export type HeadEnd = HeadAnswer | { readonly stage: HeadStage; readonly error: unknown };

/** Sends only `HEAD /`: no key, no body, no path of the interface. Reports how far it got. */
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
      startTimer(limitMs, () => asked.destroy(new TookTooLong(limitMs))),
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

/** Node links a self-signed certificate to itself. */
function chainOf(certificate: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = certificate;
  while (next?.raw) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}

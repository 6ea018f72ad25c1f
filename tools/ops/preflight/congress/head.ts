import { request } from 'node:https';
import { rootCertificates } from 'node:tls';
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
  /** Then it ends with TookTooLong, at the stage it came to. */
  readonly limitMs: number;
}

export type HeadStage = 'connect' | 'tls' | 'answer';
export type HeadEnd =
  | { readonly status: number; readonly protocol: string; readonly validTo: string }
  | { readonly stage: HeadStage; readonly error: unknown };

/** `HEAD /` and nothing more: no key, no body, no path of the interface. Says how far it came. */
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
    let protocol = '';
    let validTo = '';
    asked.on('socket', (socket) => {
      socket.once('connect', () => (stage = 'tls'));
      socket.once('secureConnect', () => {
        stage = 'answer';
        if ('getProtocol' in socket && typeof socket.getProtocol === 'function')
          protocol = String(socket.getProtocol());
        if ('getPeerCertificate' in socket && typeof socket.getPeerCertificate === 'function') {
          const certificate: unknown = socket.getPeerCertificate();
          if (typeof certificate === 'object' && certificate !== null && 'valid_to' in certificate)
            validTo = String(certificate.valid_to);
        }
      });
    });
    asked.on('response', (response) => {
      response.destroy();
      resolve({ status: response.statusCode ?? 0, protocol, validTo });
    });
    asked.on('error', (error) => {
      resolve({ stage, error });
    });
    asked.end();
  });
}

/** As the enclave takes them: the configured ones alone, else those that Node carries, whatever this machine trusts besides. */
export const authoritiesOf = (pem: string | undefined): string[] =>
  pem === undefined
    ? [...rootCertificates]
    : (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []);

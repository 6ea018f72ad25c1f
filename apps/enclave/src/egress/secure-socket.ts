import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';
import type { Clock } from '../runtime/clock';
import { checkCertificateDates, type Validity } from './certificate-dates';
import { errorCode } from './egress';
import { destinationOf } from './origin';
import { SecureConnection } from './secure-connection';

export interface SecureOptions {
  origin: string;
  /** PEM of self-signed roots. Only these are trusted; an empty list accepts no certificate. */
  authorities: readonly string[];
  /**
   * The attested clock. Certificates must be valid by this clock and by the machine's. Until it is anchored, it throws, so every connection
   * is refused.
   */
  clock: Clock;
}

/**
 * Puts TLS over a socket of egress. Resolves when the certificate is verified; until then only the handshake is sent. Sets every option that
 * an environment variable could weaken. Resumes no earlier session, so the server shows its certificates on each connection.
 */
export function secured(
  raw: Socket,
  { origin, authorities, clock }: SecureOptions,
  signal: AbortSignal,
): Promise<SecureConnection> {
  const host = destinationOf(origin).host.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket: raw,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}), // RFC 6066 section 3: no address in SNI
      ca: [...authorities], // an empty list trusts no root; without a list, Node would trust its own roots
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
    secure.on('error', fail); // this listener is never removed, because an error without a listener would end the process
    raw.once('error', fail);
    secure.once('close', onClose);
    secure.once('secureConnect', () => {
      let validity: Validity;
      try {
        validity = checkCertificateDates(secure, authorities, clock.nowMs());
      } catch (error) {
        return fail(error as Error);
      }
      settle();
      raw.on('error', () => undefined); // the TLS socket reports this error too
      resolve(new SecureConnection(secure, raw, validity));
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Node's codes for OpenSSL's X509_V_ERR errors, and Node's own code for a wrong host name. */
const CERTIFICATE_CODES =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|ERROR_IN_CERT_|CRL_|ERROR_IN_CRL_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$)/;

export function tlsReason(cause: unknown): 'certificate_refused' | 'tls_failed' {
  return CERTIFICATE_CODES.test(errorCode(cause)) ? 'certificate_refused' : 'tls_failed';
}

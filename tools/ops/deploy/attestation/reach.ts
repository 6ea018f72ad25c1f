import { request } from 'node:https';
import { fetchBounded, type Answer } from '../../../cli/gateway';

/** One way to reach the service: by its name, or at the stack's address. */
export interface Reach {
  readonly by: 'name' | 'address';
  /** @param path with its query @throws an error that has a system's or TLS error code among its causes */
  get(path: string, accept: string): Promise<Answer>;
}

/** The longest answer that is read: an attestation document or a health report. */
const MAX_BYTES = 128 * 1024;
const TIMEOUT_MS = 15_000;

/** Reaches the service as clients do: by its name, with a valid certificate. */
export const byName = (origin: URL): Reach => ({
  by: 'name',
  get: (path, accept) => fetchBounded(new URL(path, origin), { accept, maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS }),
});

/**
 * Reaches the service at the stack's own address, before the name resolves to it or a certificate is issued. The certificate is not
 * checked: AWS's signature over our nonce proves an attestation document by itself. The health report stays unproven.
 */
export const byAddress = (origin: URL, address: string): Reach => ({
  by: 'address',
  get: (path, accept) =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          host: address,
          port: origin.port === '' ? 443 : Number(origin.port),
          servername: origin.hostname,
          path,
          rejectUnauthorized: false,
          headers: { host: origin.host, accept },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        },
        (response) => {
          const parts: Buffer[] = [];
          let length = 0;
          response.on('data', (part: Buffer) => {
            parts.push(part);
            length += part.length;
            if (length > MAX_BYTES) asked.destroy(new Error('the answer is too long'));
          });
          response.on('error', reject);
          response.on('end', () => {
            const status = response.statusCode ?? 0;
            resolve({ ok: status >= 200 && status < 300, status, body: new Uint8Array(Buffer.concat(parts)) });
          });
        },
      );
      asked.on('error', reject);
      asked.end();
    }),
});

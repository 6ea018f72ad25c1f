import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';
import type { KmsSimulator } from '../simulator';
import type { SimulatedCredentials } from '../signature/credentials';
import { REGION } from './world';

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** The error's name, if the body is an error. */
  type: string | undefined;
}

export interface RawRequest {
  method?: string;
  path?: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

class Sha256 {
  #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key =
      typeof secret === 'string'
        ? secret
        : secret &&
          Buffer.from(
            ArrayBuffer.isView(secret)
              ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
              : new Uint8Array(secret),
          );
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }
  reset(): void {
    throw new Error('used once');
  }
}

export interface SignOptions {
  region?: string;
  service?: string;
  at?: Date;
  unsigned?: string[];
}

/** Returns a request that AWS's own signer signed; a test can then change it. */
export async function signed(
  kms: KmsSimulator,
  action: string,
  fields: unknown,
  credentials: SimulatedCredentials,
  { region = REGION, service = 'kms', at = new Date(), unsigned = [] }: SignOptions = {},
): Promise<RawRequest> {
  const url = new URL(kms.origin);
  const body = typeof fields === 'string' ? fields : JSON.stringify(fields);
  const signer = new SignatureV4({
    service,
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
    },
  });
  const { headers } = await signer.sign(
    {
      method: 'POST',
      protocol: 'https:',
      hostname: url.hostname,
      port: Number(url.port),
      path: '/',
      query: {},
      headers: {
        host: url.host,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${action}`,
      },
      body,
    },
    { signingDate: at, unsignableHeaders: new Set(unsigned) },
  );
  return { headers: { ...headers }, body };
}

export function send(
  kms: KmsSimulator,
  { method = 'POST', path = '/', headers, body }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${kms.origin}${path}`,
      {
        method,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        ca: kms.certificateAuthority,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: text,
            type: /^\{"__type":"([A-Za-z]+)"/.exec(text)?.[1],
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

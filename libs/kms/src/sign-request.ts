import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import * as z from 'zod';
import { KmsError } from './errors';

const text = (max: number) =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .max(max);
const credentialsSchema = z.object({
  accessKeyId: text(128),
  secretAccessKey: text(256),
  /** Part of the credentials of a role; null or absent for a user. */
  sessionToken: text(8192).nullish(),
  /** Milliseconds since 1970; null or absent if the credentials do not end. */
  expiresMs: z.number().nullish(),
});

/**
 * The credentials of the parent's role, which the gateway offers: printable ASCII without spaces. KMS decrypts nothing for them without
 * an attestation document.
 */
export type KmsCredentials = z.input<typeof credentialsSchema>;
export type UsableCredentials = z.output<typeof credentialsSchema>;

/** @throws KmsError `kms_credentials`: they are missing, malformed (a line break could inject a header), or expired */
export function usableCredentials(credentials: KmsCredentials | null, nowMs: number): UsableCredentials {
  if (credentials === null) throw new KmsError('kms_credentials', 'there are none');
  const parsed = credentialsSchema.safeParse(credentials);
  if (!parsed.success) throw new KmsError('kms_credentials', 'they are malformed');
  const { expiresMs } = parsed.data;
  if (typeof expiresMs === 'number' && nowMs >= expiresMs) throw new KmsError('kms_credentials', 'they have ended');
  return parsed.data;
}

type Bytes = string | ArrayBuffer | ArrayBufferView;

/** SHA-256, or HMAC-SHA-256 if there is a secret, with the interface that the SDK's signer needs. */
export class Sha256 {
  readonly #secret: Bytes | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: Bytes) {
    this.#secret = secret;
    this.#hash = begin(secret);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {
    this.#hash = begin(this.#secret);
  }
}

function begin(secret: Bytes | undefined): Hash | Hmac {
  if (secret === undefined) return createHash('sha256');
  if (typeof secret === 'string') return createHmac('sha256', secret);
  return createHmac(
    'sha256',
    ArrayBuffer.isView(secret)
      ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
      : new Uint8Array(secret),
  );
}

export interface UnsignedRequest {
  /** `https://host` or `https://host:port` */
  origin: string;
  region: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

/**
 * Returns the headers of a POST to `/` with AWS Signature Version 4 (AWS IAM User Guide, "Signing AWS API requests"). The AWS SDK's signer
 * adds `host`, `x-amz-date`, `x-amz-content-sha256`, `authorization` and, with a session token, `x-amz-security-token`. Names are in lower
 * case. The signer keeps keys that it derived from the last 50 credentials in memory. The parent supplied the credentials, so these keys are
 * not secret from the parent.
 */
export async function signRequest(
  { origin, region, headers, body }: UnsignedRequest,
  credentials: UsableCredentials,
  nowMs: number,
): Promise<Record<string, string>> {
  const { protocol, host, hostname } = new URL(origin);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service: 'kms',
    region,
    sha256: Sha256,
    credentials: { accessKeyId, secretAccessKey, ...(typeof sessionToken === 'string' ? { sessionToken } : {}) },
  });
  const signed = await signer.sign(
    { method: 'POST', protocol, hostname, path: '/', query: {}, headers: { ...headers, host }, body },
    { signingDate: new Date(nowMs) },
  );
  return signed.headers;
}

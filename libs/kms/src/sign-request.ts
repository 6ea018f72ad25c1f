import { SignatureV4 } from '@smithy/signature-v4';
import type { UsableCredentials } from './credentials';
import { Sha256 } from './sha256';

export interface UnsignedRequest {
  /** `https://host` or `https://host:port` */
  origin: string;
  region: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
}

/**
 * The headers of a POST to `/` with AWS Signature Version 4 (AWS IAM User Guide, "Signing AWS API requests") by the AWS SDK's own
 * signer: `host`, those given, `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` and `authorization`, names in lower case.
 * The signer remembers derived keys of the last 50 credentials for their day: they sign for the parent's own role, which the parent has.
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

import { createHash, createHmac } from 'node:crypto';
import type { Authorization } from './authorization-header';
import type { SignedRequest } from './verify';

/**
 * Returns the 32 bytes of the AWS Signature Version 4 of a request ("Create a signed AWS API request", steps 1 to 4).
 * @param headers the values in canonical form, by name in lower case
 * @param time `x-amz-date`: YYYYMMDD'T'HHMMSS'Z'
 */
export function signatureOf(
  request: SignedRequest,
  headers: ReadonlyMap<string, string>,
  scope: Omit<Authorization, 'accessKeyId' | 'signature'>,
  time: string,
  secret: string,
): Buffer {
  const { date, region, service, signedHeaders } = scope;
  const canonicalRequest = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${headers.get(name) ?? ''}`),
    '',
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
  const stringToSign = [
    'AWS4-HMAC-SHA256',
    time,
    `${date}/${region}/${service}/aws4_request`,
    sha256(canonicalRequest),
  ].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (previous, part) => hmac(previous, part),
    `AWS4${secret}`,
  );
  return hmac(key, stringToSign);
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&');
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data, 'utf8').digest();

import { timingSafeEqual } from 'node:crypto';
import { KmsFailure } from '../failure';
import { parseAuthorization, type Authorization } from './authorization-header';
import type { Caller } from './credentials';
import { signatureOf } from './signature-of';

const SKEW_MS = 5 * 60_000;

export interface SignedRequest {
  method: string;
  /** as in the request line */
  path: string;
  query: string;
  /** names and values alternating, as received (node:http's rawHeaders) */
  rawHeaders: readonly string[];
  body: Uint8Array;
}

export interface SignatureRules {
  region: string;
  nowMs: number;
  find(accessKeyId: string): Caller | undefined;
}

/**
 * Verifies AWS Signature Version 4 in the Authorization header, and returns the caller. It was written from AWS's page "Create a signed
 * AWS API request" and not from AWS's code, so it checks a client's signer independently.
 * @throws KmsFailure MissingAuthenticationTokenException, IncompleteSignatureException, UnrecognizedClientException,
 * InvalidSignatureException (wrong scope, wrong signature, clock), ExpiredTokenException
 */
export function verifySignature(request: SignedRequest, rules: SignatureRules): Caller {
  const headers = foldHeaders(request.rawHeaders);
  const header = headers.get('authorization');
  if (header === undefined) throw new KmsFailure('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const authorization = parseAuthorization(header);
  checkSignedHeaders(authorization, headers);

  const credentials = rules.find(authorization.accessKeyId);
  const token = headers.get('x-amz-security-token');
  if (!credentials || token !== credentials.sessionToken)
    throw new KmsFailure('UnrecognizedClientException', 'The security token included in the request is invalid.');

  const time = headers.get('x-amz-date') ?? '';
  checkScope(authorization, time, rules.region);
  const expected = signatureOf(request, headers, authorization, time, credentials.secretAccessKey);
  if (!timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))) {
    throw invalid(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  }
  checkClock(time, rules.nowMs);
  if (credentials.expiresAtMs !== undefined && rules.nowMs >= credentials.expiresAtMs)
    throw new KmsFailure('ExpiredTokenException', 'The security token included in the request is expired');
  return credentials;
}

/**
 * Returns the canonical headers: names in lower case, values trimmed, runs of spaces reduced to one, and several values of a name joined by
 * commas.
 */
function foldHeaders(rawHeaders: readonly string[]): Map<string, string> {
  const folded = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = (rawHeaders[index + 1] ?? '').trim().replace(/ +/g, ' ');
    const before = folded.get(name);
    folded.set(name, before === undefined ? value : `${before},${value}`);
  }
  return folded;
}

function checkSignedHeaders({ signedHeaders }: Authorization, headers: ReadonlyMap<string, string>): void {
  if (!headers.has('x-amz-date'))
    throw new KmsFailure(
      'IncompleteSignatureException',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header",
    );
  const absent = signedHeaders.find((name) => !headers.has(name));
  if (absent !== undefined) throw invalid(`The signed header '${absent}' is not in the request`);
  // If x-amz-target or the session token were unsigned, a proxy could change the request. The SDK does not sign headers that proxies rewrite
  // or add, such as the user agent.
  const needed = [
    'host',
    ...[...headers.keys()].filter((name) => name.startsWith('x-amz-') && name !== 'x-amz-user-agent'),
  ];
  for (const name of needed) {
    if (!signedHeaders.includes(name)) throw invalid(`'${name}' must be a 'SignedHeader' in the AWS Authorization`);
  }
}

function checkScope({ date, region, service }: Authorization, time: string, ours: string): void {
  if (!/^[0-9]{8}T[0-9]{6}Z$/.test(time))
    throw new KmsFailure('IncompleteSignatureException', "Date must be in ISO-8601 'basic format'");
  if (region !== ours) throw invalid(`Credential should be scoped to a valid region, not '${region}'.`);
  if (service !== 'kms') throw invalid("Credential should be scoped to correct service: 'kms'.");
  if (time.slice(0, 8) !== date)
    throw invalid(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${time.slice(0, 8)}', from '${time}'.`,
    );
}

function checkClock(time: string, nowMs: number): void {
  const signedMs = Date.parse(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const basic = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.[0-9]+/g, '');
  const [now, early, late] = [nowMs, nowMs - SKEW_MS, nowMs + SKEW_MS];
  if (!(signedMs >= early))
    throw invalid(`Signature expired: ${time} is now earlier than ${basic(early)} (${basic(now)} - 5 min.)`);
  if (signedMs > late)
    throw invalid(`Signature not yet current: ${time} is still later than ${basic(late)} (${basic(now)} + 5 min.)`);
}

const invalid = (message: string): KmsFailure => new KmsFailure('InvalidSignatureException', message);

import { LIMITS } from '@communique-tee/protocol';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../core/problems/problem-error';

/** RFC 9112 section 3 recommends at least 8,000 octets. */
export const MAX_ADDRESS_BYTES = 8192;
export const MAX_HEADER_BYTES = 16 * 1024;

/** The largest body in bytes, by media type. Bodies of other types are refused. */
export const BODY_LIMITS = {
  'application/json': LIMITS.maxEnvelopeJsonBytes,
  'application/cbor': LIMITS.maxEnvelopeBytes,
} as const;
export type BodyMediaType = keyof typeof BODY_LIMITS;

/** Headers that may occur only once, by lower-case name. If a header comes twice, a proxy and Node may use different values. */
const SINGLE = new Map([
  ['authorization', 'Authorization'],
  ['content-type', 'Content-Type'],
  ['communique-status-secret', 'communique-status-secret'],
]);

const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Checks the head of each request, before anything else. Returns the refusal, if any. */
export function refusalOfHead({ raw }: FastifyRequest): ProblemError | undefined {
  const { rawHeaders, httpVersion, url = '' } = raw;
  if (url.length > MAX_ADDRESS_BYTES) return new ProblemError('uri_too_long');
  // Two bytes follow each name (": ") and each value (CRLF).
  if (rawHeaders.reduce((sum, text) => sum + text.length + 2, 0) > MAX_HEADER_BYTES)
    return new ProblemError('headers_too_large');
  const counts = countNames(rawHeaders);
  const hosts = counts.get('host') ?? 0;
  // RFC 9112 section 3.2. Node would check only part of this rule, and answer without a problem document.
  if (hosts !== 1 && !(hosts === 0 && httpVersion === '1.0'))
    return malformed('The request must have one Host header.');
  for (const [name, written] of SINGLE)
    if ((counts.get(name) ?? 0) > 1) return malformed(`The request has more than one ${written} header.`);
  const coding = raw.headers['transfer-encoding']?.trim().toLowerCase();
  if (coding !== undefined && coding !== 'chunked') return new ProblemError('transfer_coding_unsupported');
  return undefined;
}

/** Checks the headers about the body, before any of the body is read or asked for (100 Continue). Returns the refusal, if any. */
export function refusalOfBody({ method, headers }: FastifyRequest): ProblemError | undefined {
  if (!takesBody(method)) return undefined;
  const { 'content-type': contentType, 'content-length': contentLength = '0' } = headers;
  if (contentType === undefined) return undefined;
  const mediaType = mediaTypeOf(contentType);
  if (mediaType === undefined) return new ProblemError('unsupported_media_type');
  if (!isIdentity(headers['content-encoding']))
    return new ProblemError('unsupported_media_type', { detail: 'A body with a Content-Encoding is not accepted.' });
  return Number(contentLength) > BODY_LIMITS[mediaType] ? new ProblemError('body_too_large') : undefined;
}

export function takesBody(method: string): boolean {
  return !BODYLESS.has(method);
}

const TOKEN = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`;
/** RFC 9110 sections 5.6.6 and 8.3.1. Matching takes linear time, because no two parts can match the same white space. */
const CONTENT_TYPE = new RegExp(
  String.raw`^(${TOKEN}/${TOKEN})(?:[ \t]*;(?:[ \t]*${TOKEN}=(?:${TOKEN}|"(?:[^"\\]|\\.)*"))?)*[ \t]*$`,
);

function mediaTypeOf(contentType: string): BodyMediaType | undefined {
  const name = CONTENT_TYPE.exec(contentType)?.[1]?.toLowerCase();
  return name === 'application/json' || name === 'application/cbor' ? name : undefined;
}

/** Request bodies are never decompressed, so a small body stays small. */
function isIdentity(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === 'identity';
}

function countNames(rawHeaders: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function malformed(detail: string): ProblemError {
  return new ProblemError('malformed_request', { detail });
}

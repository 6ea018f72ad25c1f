import { decodeJson, fromBase64Url } from '@communique-tee/protocol';
import { Failure } from '../failure';
import { fetchBounded } from '../gateway';
import { readLimited } from '../files';

/** A document has at most 16.5 KB, its JSON form (base64, with PCRs and bundle beside it) well under this. */
const MAX_SOURCE_BYTES = 128 * 1024;
const NETWORK_TIMEOUT_MS = 15_000;

/** @throws Failure `file_unreadable`, `not_understood` */
export function readDocumentFile(path: string): Uint8Array {
  return documentIn(readLimited(path, MAX_SOURCE_BYTES));
}

/**
 * Asks for a document over HTTP.
 * @param nonce sent as hexadecimal digits in the query, unless undefined
 * @throws Failure `unreachable`, `not_understood`
 */
export async function fetchDocument(
  gateway: URL,
  nonce: Uint8Array | undefined,
  timeoutMs = NETWORK_TIMEOUT_MS,
): Promise<Uint8Array> {
  const url = new URL(gateway);
  if (url.pathname === '/') url.pathname = '/attestation';
  if (nonce) url.searchParams.set('nonce', Buffer.from(nonce).toString('hex'));
  const { ok, status, body } = await fetchBounded(url, {
    accept: 'application/cose',
    maxBytes: MAX_SOURCE_BYTES,
    timeoutMs,
  });
  if (!ok) throw new Failure('unreachable', `${url.host} answered ${String(status)}${problemCode(body)}`);
  return documentIn(body);
}

/** The public configuration with this SHA-256 (32 bytes), from where the document came; undefined where it is not given. */
export async function fetchConfiguration(
  source: URL,
  sha256: Uint8Array,
  timeoutMs = NETWORK_TIMEOUT_MS,
): Promise<Uint8Array | undefined> {
  const url = new URL('/attestation/configuration', source);
  url.searchParams.set('sha256', Buffer.from(sha256).toString('hex'));
  try {
    const { ok, body } = await fetchBounded(url, {
      accept: 'application/json',
      maxBytes: MAX_SOURCE_BYTES,
      timeoutMs,
    });
    return ok ? body : undefined;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Raw bytes, or text: the JSON of /attestation, or base64 (with either alphabet, with or without padding and line ends). */
export function documentIn(content: Uint8Array): Uint8Array {
  if (content.length === 0) throw new Failure('not_understood', 'it is empty');
  const isText = content.every((byte) =>
    byte >= 0x20 ? byte < 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d,
  );
  if (!isText) return content;
  const text = Buffer.from(content).toString('latin1').trim();
  return text.startsWith('{') ? fromBase64(attestationDocumentIn(text)) : fromBase64(text);
}

function attestationDocumentIn(text: string): string {
  let json: unknown;
  try {
    json = decodeJson(new TextEncoder().encode(text));
  } catch (cause) {
    throw new Failure('not_understood', 'it begins like JSON and is none', cause);
  }
  const document = (json as { attestation_document?: unknown }).attestation_document;
  if (typeof document !== 'string') throw new Failure('not_understood', 'the JSON has no attestation_document');
  return document;
}

function fromBase64(text: string): Uint8Array {
  const compact = text
    .replaceAll(/\s/g, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/={1,2}$/, '');
  try {
    const bytes = fromBase64Url(compact);
    if (bytes.length === 0) throw new RangeError('empty');
    return bytes;
  } catch (cause) {
    throw new Failure(
      'not_understood',
      'it is neither a document, nor base64 of one, nor the JSON of /attestation',
      cause,
    );
  }
}

/** The stable code of a problem document (RFC 9457), if it is one of ours. */
function problemCode(body: Uint8Array): string {
  try {
    const { code } = decodeJson(body) as { code?: unknown };
    return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? ` (${code})` : '';
  } catch {
    return '';
  }
}

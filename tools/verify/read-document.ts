import { open } from 'node:fs/promises';
import { NotJudged } from './not-judged';

/** A document has at most 16.5 KB, its JSON form (base64, with PCRs and bundle beside it) well under this. */
export const maxSourceBytes = 128 * 1024;
export const networkTimeoutMs = 15_000;

/** @throws NotJudged ERR_VERIFY_FILE, ERR_VERIFY_FORMAT */
export async function readDocumentFile(path: string): Promise<Uint8Array> {
  let content: Uint8Array;
  try {
    content = await readFileStart(path);
  } catch (cause) {
    throw new NotJudged('ERR_VERIFY_FILE', `${path} cannot be read: ${messageOf(cause)}`, cause);
  }
  if (content.length > maxSourceBytes) throw new NotJudged('ERR_VERIFY_FILE', `${path} is larger than any document (${maxSourceBytes} bytes are read)`);
  return documentIn(content);
}

async function readFileStart(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const buffer = new Uint8Array(maxSourceBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } finally {
    await file.close();
  }
}

/**
 * Asks for a document over HTTP.
 * @param nonce sent as hexadecimal digits in the query, unless undefined
 * @throws NotJudged ERR_VERIFY_USAGE, ERR_VERIFY_NETWORK, ERR_VERIFY_FORMAT
 */
export async function fetchDocument(source: string, nonce: Uint8Array | undefined, timeoutMs = networkTimeoutMs): Promise<Uint8Array> {
  let url: URL;
  try {
    url = new URL(source);
  } catch (cause) {
    throw new NotJudged('ERR_VERIFY_USAGE', `${JSON.stringify(source)} is no URL`, cause);
  }
  if (url.pathname === '/') url.pathname = '/attestation';
  if (nonce) url.searchParams.set('nonce', Buffer.from(nonce).toString('hex'));
  try {
    const response = await fetch(url, { headers: { accept: 'application/cose' }, signal: AbortSignal.timeout(timeoutMs) });
    const body = await readAtMost(response, maxSourceBytes);
    if (!response.ok) throw new NotJudged('ERR_VERIFY_NETWORK', `${url.host} answered ${response.status}${problemCode(body)}`);
    return documentIn(body);
  } catch (cause) {
    if (cause instanceof NotJudged) throw cause;
    throw new NotJudged('ERR_VERIFY_NETWORK', `${url.host} did not answer: ${messageOf(cause)}`, cause);
  }
}

async function readAtMost(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body) {
    for await (const part of response.body) {
      length += part.length;
      if (length > most) throw new NotJudged('ERR_VERIFY_NETWORK', `the answer is longer than any document (${most} bytes are read)`);
      parts.push(part);
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** Raw bytes, or text: the JSON of /attestation, or base64 (with either alphabet, with or without padding and line ends). */
export function documentIn(content: Uint8Array): Uint8Array {
  if (content.length === 0) throw new NotJudged('ERR_VERIFY_FORMAT', 'it is empty');
  const isText = content.every((byte) => byte >= 0x20 ? byte < 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d);
  if (!isText) return content;
  const text = Buffer.from(content).toString('latin1').trim();
  return text.startsWith('{') ? fromBase64(attestationDocumentIn(text)) : fromBase64(text);
}

function attestationDocumentIn(text: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new NotJudged('ERR_VERIFY_FORMAT', 'it begins like JSON and is none', cause);
  }
  const document = (json as { attestation_document?: unknown }).attestation_document;
  if (typeof document !== 'string') throw new NotJudged('ERR_VERIFY_FORMAT', 'the JSON has no attestation_document');
  return document;
}

function fromBase64(text: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, '').replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  if (compact === '' || !/^[A-Za-z0-9+/]+$/.test(compact) || compact.length % 4 === 1) {
    throw new NotJudged('ERR_VERIFY_FORMAT', 'it is neither a document, nor base64 of one, nor the JSON of /attestation');
  }
  return new Uint8Array(Buffer.from(compact, 'base64'));
}

/** The stable code of a problem document (RFC 9457), if it is one of ours. */
function problemCode(body: Uint8Array): string {
  try {
    const { code } = JSON.parse(Buffer.from(body).toString('utf8')) as { code?: unknown };
    return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? ` (${code})` : '';
  } catch {
    return '';
  }
}

function messageOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

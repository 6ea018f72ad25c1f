import { decodeJson, fromBase64Url } from '@communique-tee/protocol';
import { Failure } from '../failure';
import { fetchBounded } from '../gateway';
import { readLimited } from '../files';

/** A document has at most 16.5 KB. An answer in JSON, with PCRs and certificates beside the document, is well under this limit. */
const MAX_SOURCE_BYTES = 128 * 1024;
const NETWORK_TIMEOUT_MS = 15_000;

/** @throws Failure `file_unreadable`, `not_understood` */
export function readDocumentFile(path: string): Uint8Array {
  return documentIn(readLimited(path, MAX_SOURCE_BYTES));
}

/**
 * Asks for a document over HTTP.
 * @param nonce goes into the query, as hexadecimal digits
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

/**
 * Fetches the public configuration with this SHA-256 (32 bytes).
 * @param source where the document is from
 * @returns undefined if the source does not return it
 */
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

/** JSON members in which gateways and tools return a document. */
const MEMBERS = [
  'attestation_document',
  'attestation_doc',
  'attestationDocument',
  'attestationDoc',
  'document',
  'cbor',
];

/**
 * Finds a document in raw bytes or in text. The text is hexadecimal digits, base64 (either alphabet, padding and line ends optional), or
 * JSON. In JSON, one of `MEMBERS` contains hexadecimal digits, base64 or a list of bytes.
 */
export function documentIn(content: Uint8Array): Uint8Array {
  if (content.length === 0) throw new Failure('not_understood', 'the document is empty');
  const isText = content.every((byte) =>
    byte >= 0x20 ? byte < 0x7f : byte === 0x09 || byte === 0x0a || byte === 0x0d,
  );
  if (!isText) return content;
  const text = Buffer.from(content).toString('latin1').trim();
  return text.startsWith('{') ? documentInJson(text) : fromText(text);
}

function documentInJson(text: string): Uint8Array {
  let json: unknown;
  try {
    json = decodeJson(new TextEncoder().encode(text));
  } catch (cause) {
    throw new Failure('not_understood', 'the document begins like JSON but is not JSON', cause);
  }
  const object = json as Record<string, unknown>;
  const found = MEMBERS.filter((name) => Object.hasOwn(object, name));
  const [name] = found;
  if (name === undefined)
    throw new Failure(
      'not_understood',
      `the JSON has no ${MEMBERS.slice(0, -1).join(', ')} or ${MEMBERS.at(-1) ?? ''}`,
    );
  if (found.length > 1)
    throw new Failure('not_understood', `the JSON has ${found.join(' and ')}: leave only one document in it`);
  const value = object[name];
  if (typeof value === 'string') return fromText(value.trim());
  const isByte = (each: unknown) => Number.isInteger(each) && Number(each) >= 0 && Number(each) <= 255;
  if (Array.isArray(value) && value.length > 0 && value.every(isByte)) return Uint8Array.from(value as number[]);
  throw new Failure('not_understood', `${name} in the JSON is neither text nor a list of bytes`);
}

/** Reads hexadecimal digits or base64. If the text can be both, the reading that begins like a document counts. */
function fromText(text: string): Uint8Array {
  const compact = text.replaceAll(/\s/g, '');
  const readings = [fromHex(compact), fromBase64(compact)].filter((reading) => reading !== undefined);
  const [only, other] = readings;
  if (only === undefined)
    throw new Failure(
      'not_understood',
      'this is neither a document, nor hexadecimal digits or base64 of one, nor JSON that contains one',
    );
  if (other === undefined) return only;
  const documents = readings.filter(beginsLikeDocument);
  const [document] = documents;
  if (document !== undefined && documents.length === 1) return document;
  throw new Failure(
    'not_understood',
    'the text can be read as hexadecimal digits and as base64, and neither begins like a document: give the bytes as a file',
  );
}

/** Whether the bytes begin with a CBOR array of four items, with or without tag 18 (RFC 9052, section 4.2). */
function beginsLikeDocument([first, second]: Uint8Array): boolean {
  return first === 0x84 || (first === 0xd2 && second === 0x84);
}

function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0x/i, '');
  return /^(?:[0-9a-f]{2})+$/i.test(digits) ? new Uint8Array(Buffer.from(digits, 'hex')) : undefined;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = fromBase64Url(
      text
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace(/={1,2}$/, ''),
    );
    return bytes.length === 0 ? undefined : bytes;
  } catch {
    return undefined;
  }
}

/** Returns the stable code of a problem document (RFC 9457), if the answer is one of ours. */
function problemCode(body: Uint8Array): string {
  try {
    const { code } = decodeJson(body) as { code?: unknown };
    return typeof code === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(code) ? ` (${code})` : '';
  } catch {
    return '';
  }
}

import { sign, type KeyObject } from 'node:crypto';
import { testTimeMs, writeChain, type Link, type WrittenChain } from './chain-writer';
import { concat } from './der-writer';

// These functions write raw CBOR. Each returns bytes, so that a test can put any value anywhere.

export function head(major: number, value: number | bigint, width?: 1 | 2 | 4 | 8): Uint8Array {
  const big = BigInt(value);
  const bytes = width ?? (big < 24n ? 0 : big < 256n ? 1 : big < 65_536n ? 2 : big < 4_294_967_296n ? 4 : 8);
  if (bytes === 0) return Uint8Array.of((major << 5) | Number(big));
  const out = new Uint8Array(1 + bytes);
  out[0] = (major << 5) | { 1: 24, 2: 25, 4: 26, 8: 27 }[bytes];
  for (let i = 0; i < bytes; i++) out[bytes - i] = Number((big >> BigInt(8 * i)) & 0xffn);
  return out;
}

export const uint = (value: number | bigint) => head(0, value);
export const negative = (value: number) => head(1, -1 - value);
export const bytes = (content: Uint8Array) => concat(head(2, content.length), content);
export const text = (content: string) => concat(head(3, Buffer.byteLength(content)), new TextEncoder().encode(content));
export const array = (...items: Uint8Array[]) => concat(head(4, items.length), ...items);
export const map = (...entries: (readonly [Uint8Array, Uint8Array])[]) =>
  concat(head(5, entries.length), ...entries.flat());
export const nothing = Uint8Array.of(0xf6);

/** The payload as names and encoded values, in the order of real documents. */
export class Fields {
  readonly entries: [Uint8Array, Uint8Array][] = [];

  set(name: string, value: Uint8Array): this {
    const key = text(name);
    const found = this.entries.find(([each]) => Buffer.compare(each, key) === 0);
    if (found) found[1] = value;
    else this.entries.push([key, value]);
    return this;
  }

  delete(name: string): this {
    const at = this.entries.findIndex(([each]) => Buffer.compare(each, text(name)) === 0);
    this.entries.splice(at, 1);
    return this;
  }
}

export const pcr = (fill: number, length = 48) => new Uint8Array(length).fill(fill);
export const testNonce = new Uint8Array(32).fill(0x6e);

export interface Envelope {
  protectedHeader: Uint8Array;
  unprotectedHeader: Uint8Array;
  payload: Uint8Array;
  /** Changes the signature, r || s. */
  signature: (signature: Uint8Array) => Uint8Array;
  /** The first signed item. The protected header, the external data and the payload follow it. */
  signedContext: string;
  externalData: Uint8Array;
  digest: string;
  signWith: KeyObject | undefined;
}

export interface Edits {
  chain?: (links: Link[]) => void;
  /** Replaces certificates after the chain was signed. */
  certificates?: (certificates: Uint8Array[]) => Uint8Array[];
  pcrs?: (pcrs: Map<number, Uint8Array>) => void;
  fields?: (fields: Fields) => void;
  payload?: (payload: Uint8Array, fields: Fields) => Uint8Array;
  envelope?: (envelope: Envelope) => void;
  /** Replaces the four items of the envelope. */
  items?: (items: Uint8Array[]) => Uint8Array[];
  /** Replaces the finished document. */
  document?: (document: Uint8Array) => Uint8Array;
}

export interface WrittenDocument {
  document: Uint8Array;
  rootDer: Uint8Array;
}

let plainChain: WrittenChain | undefined;

/** Returns a document that is valid except for the edits. Chain, fields, payload and envelope are edited before they are signed. */
export function writeDocument(edits: Edits = {}): WrittenDocument {
  const chain = edits.chain ? writeChain(edits.chain) : (plainChain ??= writeChain());
  const rootDer = chain.certificates[0] ?? new Uint8Array();
  const certificates = edits.certificates?.([...chain.certificates]) ?? chain.certificates;

  const pcrs = new Map<number, Uint8Array>(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((i) => [i, i <= 4 || i === 8 ? pcr(0xa0 + i) : pcr(0)]),
  );
  edits.pcrs?.(pcrs);
  const fields = new Fields()
    .set('module_id', text('i-0123456789abcdef0-enc0123456789abcdef'))
    .set('digest', text('SHA384'))
    .set('timestamp', uint(testTimeMs - 1000))
    .set('pcrs', map(...[...pcrs].map(([index, value]) => [uint(index), bytes(value)] as const)))
    .set('certificate', bytes(certificates.at(-1) ?? new Uint8Array()))
    .set('cabundle', array(...certificates.slice(0, -1).map(bytes)))
    .set('public_key', bytes(new Uint8Array(32).fill(0x70)))
    .set('user_data', bytes(new Uint8Array(64).fill(0x75)))
    .set('nonce', bytes(testNonce));
  edits.fields?.(fields);
  const payload = map(...fields.entries);

  const envelope: Envelope = {
    protectedHeader: map([uint(1), negative(-35)]),
    unprotectedHeader: map(),
    payload: edits.payload?.(payload, fields) ?? payload,
    signature: (signature) => signature,
    signedContext: 'Signature1',
    externalData: new Uint8Array(),
    digest: 'sha384',
    signWith: undefined,
  };
  edits.envelope?.(envelope);
  const toSign = array(
    text(envelope.signedContext),
    bytes(envelope.protectedHeader),
    bytes(envelope.externalData),
    bytes(envelope.payload),
  );
  const signature = envelope.signature(
    new Uint8Array(
      sign(envelope.digest, toSign, { key: envelope.signWith ?? chain.leafKey, dsaEncoding: 'ieee-p1363' }),
    ),
  );
  const items = [
    bytes(envelope.protectedHeader),
    envelope.unprotectedHeader,
    bytes(envelope.payload),
    bytes(signature),
  ];
  const document = array(...(edits.items?.(items) ?? items));
  return { document: edits.document?.(document) ?? document, rootDer };
}

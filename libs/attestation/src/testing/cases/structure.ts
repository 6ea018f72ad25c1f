import { concat, fromHex } from '../der-writer';
import {
  array,
  bytes,
  head,
  map,
  negative,
  nothing,
  pcr,
  testNonce,
  text,
  uint,
  type Fields,
} from '../document-writer';
import { testCase } from './case';

const field = (name: string, value: Uint8Array) => ({ fields: (fields: Fields) => fields.set(name, value) });
const indefiniteBytes = concat(Uint8Array.of(0x5f), bytes(pcr(1)), Uint8Array.of(0xff));
const float64 = (value: number) => {
  const out = new DataView(new ArrayBuffer(9));
  out.setUint8(0, 0xfb);
  out.setFloat64(1, value);
  return new Uint8Array(out.buffer);
};
const mandatory = ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle'];

export const envelopes = () => [
  testCase('no bytes', 'ERR_ATTESTATION_CBOR', { document: () => new Uint8Array() }),
  testCase('the first byte only', 'ERR_ATTESTATION_CBOR', { document: (document) => document.slice(0, 1) }),
  testCase('a document without its last byte', 'ERR_ATTESTATION_CBOR', {
    document: (document) => document.slice(0, -1),
  }),
  testCase('a byte after the document', 'ERR_ATTESTATION_CBOR_TRAILING', {
    document: (document) => concat(document, Uint8Array.of(0)),
  }),
  testCase('a document twice', 'ERR_ATTESTATION_CBOR_TRAILING', { document: (document) => concat(document, document) }),
  testCase('base64 instead of bytes', 'ERR_ATTESTATION_CBOR_TRAILING', {
    document: (document) => new TextEncoder().encode(Buffer.from(document).toString('base64')),
  }),
  testCase('a document one byte too large', 'ERR_ATTESTATION_TOO_LARGE', {
    document: (document) => concat(document, new Uint8Array(16_513 - document.length)),
  }),
  testCase('ten megabytes', 'ERR_ATTESTATION_TOO_LARGE', { document: () => new Uint8Array(10_000_000).fill(0x81) }),
  testCase('a payload one byte too large', 'ERR_ATTESTATION_TOO_LARGE', {
    envelope: (envelope) => (envelope.payload = new Uint8Array(16_385)),
  }),
  testCase('tag 17', 'ERR_ATTESTATION_CBOR_TAG', { document: (document) => concat(Uint8Array.of(0xd1), document) }),
  testCase('tag 18 twice', 'ERR_ATTESTATION_CBOR_TAG', {
    document: (document) => concat(Uint8Array.of(0xd2, 0xd2), document),
  }),
  testCase('tag 18 in a longer form', 'ERR_ATTESTATION_CBOR_TAG', {
    document: (document) => concat(Uint8Array.of(0xd8, 18), document),
  }),
  testCase('tag 61 (CWT)', 'ERR_ATTESTATION_CBOR_TAG', {
    document: (document) => concat(Uint8Array.of(0xd8, 61), document),
  }),
  testCase('tag 18 and nothing else', 'ERR_ATTESTATION_CBOR', { document: () => Uint8Array.of(0xd2) }),
  testCase('an array of three items', 'ERR_ATTESTATION_COSE', { items: (items) => items.slice(0, 3) }),
  testCase('an array of five items', 'ERR_ATTESTATION_COSE', { items: (items) => [...items, nothing] }),
  testCase('an empty array', 'ERR_ATTESTATION_COSE', { items: () => [] }),
  testCase('a map instead of an array', 'ERR_ATTESTATION_COSE', { document: () => map([uint(1), uint(2)]) }),
  testCase('a number instead of an array', 'ERR_ATTESTATION_COSE', { document: () => uint(7) }),
  testCase('a protected header that is not a byte string', 'ERR_ATTESTATION_COSE', {
    items: ([, ...rest]) => [map([uint(1), negative(-35)]), ...rest],
  }),
  testCase('an unprotected header that is null', 'ERR_ATTESTATION_COSE', {
    items: ([first, , ...rest]) => [first!, nothing, ...rest],
  }),
  testCase('a detached payload', 'ERR_ATTESTATION_COSE', { items: ([a, b, , d]) => [a!, b!, nothing, d!] }),
  testCase('an empty payload', 'ERR_ATTESTATION_COSE', {
    envelope: (envelope) => (envelope.payload = new Uint8Array()),
  }),
  testCase('a payload that is text', 'ERR_ATTESTATION_COSE', { items: ([a, b, , d]) => [a!, b!, text('x'), d!] }),
  ...[0, 64, 95, 97, 132].map((length) =>
    testCase(`a signature of ${length} bytes`, 'ERR_ATTESTATION_COSE', {
      envelope: (envelope) => (envelope.signature = () => new Uint8Array(length).fill(1)),
    }),
  ),
  testCase('a signature in DER', 'ERR_ATTESTATION_COSE', {
    envelope: (envelope) =>
      (envelope.signature = (raw) =>
        concat(Uint8Array.of(0x30, 100, 2, 48), raw.slice(0, 48), Uint8Array.of(2, 48), raw.slice(48))),
  }),
  testCase('a signature that is null', 'ERR_ATTESTATION_COSE', { items: ([a, b, c]) => [a!, b!, c!, nothing] }),
  testCase('an envelope of indefinite length', 'ERR_ATTESTATION_CBOR_INDEFINITE', {
    document: (document) => concat(Uint8Array.of(0x9f), document.slice(1), Uint8Array.of(0xff)),
  }),
  testCase('a payload in chunks', 'ERR_ATTESTATION_CBOR_INDEFINITE', {
    items: ([a, b, c, d]) => [a!, b!, concat(Uint8Array.of(0x5f), c!, Uint8Array.of(0xff)), d!],
  }),
  testCase('an unprotected header of indefinite length', 'ERR_ATTESTATION_CBOR_INDEFINITE', {
    envelope: (envelope) => (envelope.unprotectedHeader = Uint8Array.of(0xbf, 0xff)),
  }),
  testCase('the same key twice in the unprotected header', 'ERR_ATTESTATION_CBOR_DUPLICATE_KEY', {
    envelope: (envelope) => (envelope.unprotectedHeader = fromHex('a201000101')),
  }),
  testCase('an array head in a longer form than needed', 'ERR_ATTESTATION_CBOR', {
    document: (document) => concat(Uint8Array.of(0x98, 4), document.slice(1)),
  }),
  testCase('a length of a reserved kind', 'ERR_ATTESTATION_CBOR', {
    document: (document) => concat(Uint8Array.of(0x9c), document.slice(1)),
  }),
  testCase('ten thousand nested arrays', 'ERR_ATTESTATION_CBOR_LIMIT', {
    document: () => new Uint8Array(10_000).fill(0x81),
  }),
  testCase('five thousand nested maps', 'ERR_ATTESTATION_CBOR_LIMIT', {
    document: () => Uint8Array.from({ length: 10_000 }, (_, i) => (i % 2 ? 0x00 : 0xa1)),
  }),
  testCase('an array head that declares 2^32 - 1 items, without them', 'ERR_ATTESTATION_CBOR', {
    document: () => fromHex('9affffffff00'),
  }),
  testCase('an array head that declares 2^64 - 1 items, without them', 'ERR_ATTESTATION_CBOR', {
    document: () => fromHex('9bffffffffffffffff00'),
  }),
  testCase('a map head that declares 2^63 entries, without them', 'ERR_ATTESTATION_CBOR', {
    document: () => fromHex('bb800000000000000000'),
  }),
  testCase('a byte string head that declares 2^63 bytes, without them', 'ERR_ATTESTATION_CBOR', {
    document: () => fromHex('845b8000000000000000'),
  }),
  testCase('an array of sixteen thousand items', 'ERR_ATTESTATION_CBOR_LIMIT', {
    document: () => concat(head(4, 16_000), new Uint8Array(16_000)),
  }),
];

export const payloads = () => [
  testCase('a payload that is an array', 'ERR_ATTESTATION_FIELD_TYPE', {
    payload: (payload) => array(bytes(payload.slice(0, 9))),
  }),
  testCase('a payload that is not CBOR', 'ERR_ATTESTATION_CBOR', { payload: () => Uint8Array.of(0xff) }),
  testCase('a byte after the payload', 'ERR_ATTESTATION_CBOR_TRAILING', {
    payload: (payload) => concat(payload, Uint8Array.of(0xf6)),
  }),
  testCase('a payload with a tag', 'ERR_ATTESTATION_CBOR_TAG', {
    payload: (payload) => concat(Uint8Array.of(0xd2), payload),
  }),
  testCase('a map of indefinite length without its end', 'ERR_ATTESTATION_CBOR', {
    payload: (_, { entries }) => concat(Uint8Array.of(0xbf), ...entries.flat()),
  }),
  testCase('a map of indefinite length that ends before a value', 'ERR_ATTESTATION_CBOR', {
    payload: (_, { entries }) => concat(Uint8Array.of(0xbf), ...entries.flat().slice(0, -1), Uint8Array.of(0xff)),
  }),
  testCase('a map with fewer entries than its head declares', 'ERR_ATTESTATION_CBOR', {
    payload: (payload) => concat(Uint8Array.of(0xaa), payload.slice(1)),
  }),
  testCase('a map with more entries than its head declares', 'ERR_ATTESTATION_CBOR_TRAILING', {
    payload: (payload) => concat(Uint8Array.of(0xa8), payload.slice(1)),
  }),
  testCase('a field twice', 'ERR_ATTESTATION_CBOR_DUPLICATE_KEY', {
    fields: (fields) => fields.entries.push([text('nonce'), nothing]),
  }),
  testCase(
    'a PCR twice',
    'ERR_ATTESTATION_CBOR_DUPLICATE_KEY',
    field('pcrs', map([uint(0), bytes(pcr(1))], [uint(0), bytes(pcr(2))])),
  ),
  testCase('a field name twice, once in a longer encoding than needed', 'ERR_ATTESTATION_CBOR', {
    fields: (fields) => fields.entries.push([concat(head(3, 5, 1), new TextEncoder().encode('nonce')), nothing]),
  }),
  testCase(
    'a PCR index twice, once in a longer encoding than needed',
    'ERR_ATTESTATION_CBOR',
    field('pcrs', map([uint(0), bytes(pcr(1))], [head(0, 0, 1), bytes(pcr(2))])),
  ),
  testCase(
    'PCRs of indefinite length',
    'ERR_ATTESTATION_CBOR_INDEFINITE',
    field('pcrs', concat(Uint8Array.of(0xbf), uint(0), bytes(pcr(1)), Uint8Array.of(0xff))),
  ),
  testCase(
    'a bundle of indefinite length',
    'ERR_ATTESTATION_CBOR_INDEFINITE',
    field('cabundle', concat(Uint8Array.of(0x9f), bytes(pcr(1)), Uint8Array.of(0xff))),
  ),
  testCase('user data in chunks', 'ERR_ATTESTATION_CBOR_INDEFINITE', field('user_data', indefiniteBytes)),
  testCase(
    'a module id in chunks',
    'ERR_ATTESTATION_CBOR_INDEFINITE',
    field('module_id', concat(Uint8Array.of(0x7f), text('i-'), text('1'), Uint8Array.of(0xff))),
  ),
  testCase('a tagged timestamp', 'ERR_ATTESTATION_CBOR_TAG', field('timestamp', concat(Uint8Array.of(0xc1), uint(1)))),
  testCase('a timestamp that is a float', 'ERR_ATTESTATION_CBOR', field('timestamp', float64(1_795_000_000_000))),
  testCase('a timestamp that is NaN', 'ERR_ATTESTATION_CBOR', field('timestamp', float64(NaN))),
  testCase('a timestamp that is infinite', 'ERR_ATTESTATION_CBOR', field('timestamp', float64(Infinity))),
  testCase('a nonce that is undefined', 'ERR_ATTESTATION_CBOR', field('nonce', Uint8Array.of(0xf7))),
  testCase('a nonce that is true', 'ERR_ATTESTATION_FIELD_TYPE', field('nonce', Uint8Array.of(0xf5))),
  testCase('a nonce that is a simple value', 'ERR_ATTESTATION_CBOR', field('nonce', Uint8Array.of(0xf8, 0x20))),
  testCase(
    'a module id that is not UTF-8',
    'ERR_ATTESTATION_CBOR',
    field('module_id', concat(head(3, 2), Uint8Array.of(0xc3, 0x28))),
  ),
  testCase('two nested arrays in user data', 'ERR_ATTESTATION_FIELD_TYPE', field('user_data', fromHex('8181f6'))),
  testCase('three nested arrays in user data', 'ERR_ATTESTATION_CBOR_LIMIT', field('user_data', fromHex('818181f6'))),
  testCase(
    'a thousand nested arrays in user data',
    'ERR_ATTESTATION_CBOR_LIMIT',
    field('user_data', concat(new Uint8Array(1000).fill(0x81), nothing)),
  ),
  testCase(
    'a bundle of a thousand certificates',
    'ERR_ATTESTATION_CBOR_LIMIT',
    field('cabundle', array(...Array.from({ length: 1000 }, () => bytes(Uint8Array.of(1))))),
  ),

  ...mandatory.map((name) =>
    testCase(`without ${name}`, 'ERR_ATTESTATION_FIELD_MISSING', { fields: (fields) => fields.delete(name) }),
  ),
  ...mandatory.map((name) => testCase(`${name} is null`, 'ERR_ATTESTATION_FIELD_MISSING', field(name, nothing))),
  testCase('an empty payload map', 'ERR_ATTESTATION_FIELD_MISSING', { payload: () => map() }),
  testCase('a NitroTPM document', 'ERR_ATTESTATION_FIELD_MISSING', {
    fields: (fields) => fields.delete('pcrs').set('nitrotpm_pcrs', map([uint(0), bytes(pcr(0xa0))])),
  }),
  ...['PCRs', 'pcrs ', 'pcr\u0455', 'pcrs\u0000'].map((name) =>
    testCase(`${JSON.stringify(name)} in place of pcrs`, 'ERR_ATTESTATION_FIELD_MISSING', {
      fields: (fields) => fields.delete('pcrs').set(name, map([uint(0), bytes(pcr(0xa0))])),
    }),
  ),
  testCase('the expected nonce under an unknown name', 'ERR_ATTESTATION_NONCE_MISSING', {
    fields: (fields) => fields.delete('nonce').set('Nonce', bytes(testNonce)),
  }),
  testCase('accepted measurements under an unknown name', 'ERR_ATTESTATION_MEASUREMENT', {
    pcrs: (pcrs) => pcrs.set(0, pcr(0xee)),
    fields: (fields) => fields.set('pcrs2', map([uint(0), bytes(pcr(0xa0))])),
  }),
  testCase('an unknown field twice', 'ERR_ATTESTATION_CBOR_DUPLICATE_KEY', {
    fields: (fields) => fields.entries.push([text('added'), nothing], [text('added'), uint(1)]),
  }),
  testCase('an unknown field that is a float', 'ERR_ATTESTATION_CBOR', field('added', float64(1.5))),
  testCase('an unknown field that is undefined', 'ERR_ATTESTATION_CBOR', field('added', Uint8Array.of(0xf7))),
  testCase('an unknown field nested too deeply', 'ERR_ATTESTATION_CBOR_LIMIT', field('added', fromHex('818181f6'))),
  testCase('an unknown field in chunks', 'ERR_ATTESTATION_CBOR_INDEFINITE', field('added', indefiniteBytes)),
  testCase('an unknown field named by text that is not UTF-8', 'ERR_ATTESTATION_CBOR', {
    fields: (fields) => fields.entries.push([concat(head(3, 2), Uint8Array.of(0xc3, 0x28)), nothing]),
  }),
  testCase('three hundred unknown fields', 'ERR_ATTESTATION_CBOR_LIMIT', {
    fields: (fields) => {
      for (let i = 0; i < 300; i++) fields.set(`added${String(i)}`, nothing);
    },
  }),
  testCase('a field named by a number', 'ERR_ATTESTATION_FIELD_UNKNOWN', {
    fields: (fields) => fields.entries.push([uint(1), nothing]),
  }),
  testCase('a field named by bytes', 'ERR_ATTESTATION_CBOR', {
    fields: (fields) => fields.entries.push([bytes(Buffer.from('nonce')), nothing]),
  }),
  ...(
    [
      ['module_id', bytes(pcr(1))],
      ['digest', uint(384)],
      ['timestamp', text('1795000000000')],
      ['pcrs', array(bytes(pcr(1)))],
      ['certificate', text('x')],
      ['cabundle', map()],
      ['cabundle', array(text('x'))],
      ['cabundle', array(nothing)],
      ['cabundle', bytes(pcr(1))],
      ['public_key', text('x')],
      ['user_data', uint(1)],
      ['nonce', text('x')],
      ['pcrs', map([uint(0), text('x')])],
      ['pcrs', map([uint(0), nothing])],
    ] as const
  ).map(([name, value], i) =>
    testCase(`${name} of the wrong type (${i + 1})`, 'ERR_ATTESTATION_FIELD_TYPE', field(name, value)),
  ),
  ...(
    [
      ['module_id', text('')],
      ['certificate', bytes(new Uint8Array())],
      ['certificate', bytes(new Uint8Array(1025))],
      ['cabundle', array(bytes(new Uint8Array()))],
      ['cabundle', array(bytes(new Uint8Array(1025)))],
      ['public_key', bytes(new Uint8Array(1025))],
      ['user_data', bytes(new Uint8Array(4097))],
      ['nonce', bytes(new Uint8Array(4097))],
    ] as const
  ).map(([name, value]) =>
    testCase(`${name}, encoded in ${value.length} bytes`, 'ERR_ATTESTATION_FIELD_LENGTH', field(name, value)),
  ),
  testCase('timestamp 0', 'ERR_ATTESTATION_TIMESTAMP', field('timestamp', uint(0))),
  testCase('a negative timestamp', 'ERR_ATTESTATION_TIMESTAMP', field('timestamp', negative(-1))),
  testCase('a timestamp of 2^64 - 1', 'ERR_ATTESTATION_TIMESTAMP', field('timestamp', uint(2n ** 64n - 1n))),
  testCase('a timestamp of 2^53', 'ERR_ATTESTATION_TIMESTAMP', field('timestamp', uint(2n ** 53n))),
  testCase('no PCRs', 'ERR_ATTESTATION_PCR_COUNT', field('pcrs', map())),
  testCase(
    '33 PCRs',
    'ERR_ATTESTATION_PCR_COUNT',
    field('pcrs', map(...Array.from({ length: 33 }, (_, i) => [uint(i), bytes(pcr(1))] as const))),
  ),
  testCase('PCR32', 'ERR_ATTESTATION_PCR_INDEX', { pcrs: (pcrs) => pcrs.set(32, pcr(1)) }),
  testCase('PCR -1', 'ERR_ATTESTATION_PCR_INDEX', field('pcrs', map([negative(-1), bytes(pcr(1))]))),
  testCase('PCR 2^64 - 1', 'ERR_ATTESTATION_PCR_INDEX', field('pcrs', map([uint(2n ** 64n - 1n), bytes(pcr(1))]))),
  testCase('a PCR named by text', 'ERR_ATTESTATION_PCR_INDEX', field('pcrs', map([text('0'), bytes(pcr(1))]))),
  ...[0, 20, 31, 47, 49, 65].map((length) =>
    testCase(`a PCR of ${length} bytes`, 'ERR_ATTESTATION_PCR_LENGTH', { pcrs: (pcrs) => pcrs.set(5, pcr(1, length)) }),
  ),
  testCase('an empty bundle', 'ERR_ATTESTATION_CABUNDLE_LENGTH', field('cabundle', array())),
  testCase(
    'a bundle of nine certificates',
    'ERR_ATTESTATION_CABUNDLE_LENGTH',
    field('cabundle', array(...Array.from({ length: 9 }, () => bytes(Uint8Array.of(1))))),
  ),
];

import fc from 'fast-check';
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from './text';
import { fromHex, toHex } from './text';
import { messageIdFromText, messageIdToText } from '../messages/message-id';

it('base64url of any bytes is the same as Node’s, and is read to the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }),
  );
  const large = new Uint8Array(262_400).fill(7);
  expect(toBase64Url(large)).toBe(Buffer.from(large).toString('base64url'));
});

it.each(['A', 'AA=', 'AB', 'AAB', 'A+', 'A/', ' AAA', 'AAA\n', 'ÀAAA', 'AAAA='])(
  'base64url refuses %j, so that one byte string has one text',
  (text) => {
    expect(() => fromBase64Url(text)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
  },
);

it('base64 of any bytes is the same as Node’s, and is read to the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }),
  );
});

it.each([
  'A',
  'AA',
  'AA=',
  'AAA',
  'AB==',
  'AAB=',
  'A===',
  '====',
  'AA==AAAA',
  'AA-=',
  'AAA_',
  ' AAA',
  'AAAA\n',
  'AA\n==',
])('base64 refuses %j, so that one byte string has one text', (text) => {
  expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
});

it('hex in either case is read, and other text is refused', () => {
  expect(toHex(fromHex('00ffA0'))).toBe('00ffa0');
  for (const text of ['0', '0g', ' 00', '0x00'])
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
});

it('a message id is a lowercase UUID of 16 bytes', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, at) => at * 17);
  const text = messageIdToText(bytes);
  expect(text).toBe('00112233-4455-6677-8899-aabbccddeeff');
  expect(messageIdFromText(text)).toEqual(bytes);
  for (const bad of ['', text.toUpperCase(), text.slice(1), `${text}0`, text.replaceAll('-', '')]) {
    expect(() => messageIdFromText(bad)).toThrow(expect.objectContaining({ code: 'malformed_body' }));
  }
  expect(() => messageIdToText(new Uint8Array(15))).toThrow();
});

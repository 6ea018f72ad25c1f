import { createPrivateKey, sign } from 'node:crypto';
import { openNote, signingKeyOf, signNote } from './index';
import { checkSignatureByOpenssl } from './node';
import { NOTE_VECTORS } from './testing';
import { makeVectors } from './testing/make-vectors';
import { outcomeOf } from './testing/outcome';

const key = signingKeyOf('test-registrar', new Uint8Array(32).fill(1));

it('has the test vectors that make-vectors.ts makes', () => {
  expect(NOTE_VECTORS).toEqual(makeVectors());
});

it.each(NOTE_VECTORS)('decides about a test vector as every reader must: $title', (vector) => {
  expect(outcomeOf(vector)).toEqual(vector.expected);
});

it.each(NOTE_VECTORS)('decides the same with OpenSSL: $title', (vector) => {
  expect(outcomeOf(vector, checkSignatureByOpenssl)).toEqual(vector.expected);
});

it('makes the same signature as OpenSSL', () => {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key.seed]);
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const base64 = / ([^ ]+)\n$/.exec(signNote('a\n', key))?.[1] ?? '';
  expect(Buffer.from(base64, 'base64').subarray(4)).toEqual(sign(null, Buffer.from('a\n'), privateKey));
});

it.each(['', 'no newline', 'a\r\n', '\u2014 a\n', 'a\n\n\u2014 b\n', 'lone \ud800 surrogate\n'])(
  'does not sign a text that readers refuse: %j',
  (body) => {
    expect(() => signNote(body, key)).toThrow(expect.objectContaining({ code: 'ERR_NOTE_MALFORMED' }));
  },
);

it('signs neither twice with one key nor without a key', () => {
  for (const keys of [[], [key, key]])
    expect(() => signNote('a\n', ...keys)).toThrow(expect.objectContaining({ code: 'ERR_NOTE_MALFORMED' }));
});

it('accepts no note if no key is configured', () => {
  expect(() => openNote(signNote('a\n', key), [])).toThrow(expect.objectContaining({ code: 'ERR_NOTE_UNKNOWN_KEY' }));
});

it('refuses a note above the size limit', () => {
  expect(() => openNote(`${'a'.repeat(262_144)}${signNote('a\n', key)}`, [key])).toThrow(
    expect.objectContaining({ code: 'ERR_NOTE_MALFORMED' }),
  );
});

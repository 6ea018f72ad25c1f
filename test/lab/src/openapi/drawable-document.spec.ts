import { drawableDocument } from './drawable-document';

const bodyOf = (properties: object) => ({
  paths: {
    '/api/messages': {
      post: { requestBody: { content: { 'application/json': { schema: { anyOf: [{ properties }] } } } } },
    },
  },
});
const pattern = { type: 'string', pattern: '^[A-Za-z0-9_-]{349546}[AEIMQUYcgkosw048]$' };

it('puts what no generator can draw otherwise, and leaves the rest and the given document as they are', () => {
  const served = bodyOf({ ciphertext: pattern, expiresAt: { type: 'integer' }, nonce: { type: 'string' } });
  expect(drawableDocument(served, 1_000)).toEqual(
    bodyOf({
      ciphertext: { type: 'string', format: 'sealed-ciphertext' },
      expiresAt: { enum: [3_601, 86_401, 518_401] },
      nonce: { type: 'string' },
    }),
  );
  expect(served).toEqual(bodyOf({ ciphertext: pattern, expiresAt: { type: 'integer' }, nonce: { type: 'string' } }));
});

it('leaves the body of the legacy suite, which has no expiry, as it is', () => {
  expect(drawableDocument(bodyOf({ ciphertext: pattern }), 0)).toEqual(bodyOf({ ciphertext: pattern }));
});

it('throws where the document has another shape', () => {
  expect(() => drawableDocument({ paths: {} }, 0)).toThrow();
});

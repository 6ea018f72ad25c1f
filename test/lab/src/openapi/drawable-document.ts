import * as z from 'zod';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

const property = z.record(z.string(), z.unknown());
const bodySchema = z.looseObject({
  properties: z.looseObject({ ciphertext: property, expiresAt: property.optional() }),
});
const documentSchema = z.looseObject({
  paths: z.looseObject({
    '/api/messages': z.looseObject({
      post: z.looseObject({
        requestBody: z.looseObject({
          content: z.looseObject({
            'application/json': z.looseObject({ schema: z.looseObject({ anyOf: z.array(bodySchema).min(1) }) }),
          }),
        }),
      }),
    }),
  }),
});

/** Drawn by `hooks.py`: characters one by one, up to 349,547 of them, would take hours. */
const SEALED_CIPHERTEXT_FORMAT = 'sealed-ciphertext';

/**
 * The gateway's document with what a generator cannot draw by itself put otherwise: the ciphertext of a size bucket as a format of
 * hooks.py, and the expiry within the window that the document has in words. Nothing else is changed.
 * @throws ZodError where the document has another shape by now
 */
export function drawableDocument(served: unknown, nowMs: number): unknown {
  const document = documentSchema.parse(structuredClone(served));
  const nowSeconds = Math.floor(nowMs / 1000);
  for (const { properties } of document.paths['/api/messages'].post.requestBody.content['application/json'].schema
    .anyOf) {
    if (properties.expiresAt === undefined) continue; // the legacy suite has neither
    properties.ciphertext = { type: 'string', format: SEALED_CIPHERTEXT_FORMAT };
    properties.expiresAt = { enum: [HOUR_S, DAY_S, 6 * DAY_S].map((lifetime) => nowSeconds + lifetime) };
  }
  return document;
}

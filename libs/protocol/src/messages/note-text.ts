import * as z from 'zod';

const utf8 = new TextEncoder();

/**
 * Checks only the outer form of a signed note (C2SP signed-note): well-formed text, at most `maxBytes` bytes in UTF-8, no control characters
 * but line feeds. libs/transparency reads the content and the signatures.
 */
export function noteText(maxBytes: number): z.ZodString {
  return z
    .string()
    .min(1)
    .refine((text) => text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f\u007f]/.test(text))
    .refine((text) => text.length <= maxBytes && utf8.encode(text).length <= maxBytes, {
      params: { rule: 'too_long', maximum: maxBytes },
    })
    .meta({ maxLength: maxBytes });
}

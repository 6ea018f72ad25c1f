import * as z from 'zod';
import { countVisible, hasInvisible, textUpTo } from '../encoding/characters';
import { MAX_WEB_ADDRESS_LENGTH, isWebAddress } from './web-address';

/**
 * Text of characters that XML 1.0 allows (section 2.2, Char). Congress's schema counts characters (code points). A chamber's server may
 * count UTF-16 units. A text within both limits is valid by either count: `max` counts units, which are never fewer than characters, and
 * `min` counts only visible characters.
 */
export function text(min: number, max: number): z.ZodString {
  return textUpTo(max)
    .refine(isXmlText, { params: { rule: 'invalid_characters' } })
    .refine((value) => countVisible(value, min) >= min, { params: { rule: 'too_short', minimum: min } });
}

/** At most 254 UTF-16 units (RFC 5321 section 4.5.3.1.3), without white space and without characters that cannot be seen. */
export const email = textUpTo(254)
  .regex(/^[^@\s]+@[^.\s@]+\.[^\s@]+$/)
  .refine((value) => !hasInvisible(value), { params: { rule: 'invisible_characters' } })
  .refine(isXmlText, { params: { rule: 'invalid_characters' } });

/** An http or https address, percent-encoded where necessary. A client gets this form from `toWebAddress(text)`. */
export const webAddress = textUpTo(MAX_WEB_ADDRESS_LENGTH).refine(isWebAddress);

function isXmlText(value: string): boolean {
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(value) && value.isWellFormed();
}

import * as z from 'zod';

/**
 * Text of at most `max` UTF-16 units, which `string.length` counts. zod's own `max` counts code points, so it would accept a text of twice
 * as many units.
 */
export function textUpTo(max: number): z.ZodString {
  return z.string().refine((value) => value.length <= max, { params: { rule: 'too_long', maximum: max } });
}

/** Characters that a reader cannot see, except white space: zero-width, format and filler characters, and blank glyphs. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800\ufffc\u{13441}\u{13442}\u{16fe4}\u{1d159}]/u;
const ALL_INVISIBLE = new RegExp(INVISIBLE.source, 'gu');

/** Whether the text has an invisible character. An address with such a character looks like another address. */
export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** Counts the code points of a text, without invisible characters and without white space at its ends. Stops at `most`. */
export function countVisible(text: string, most: number): number {
  let count = 0;
  for (const _character of text.replace(ALL_INVISIBLE, '').trim()) if (++count >= most) break;
  return count;
}

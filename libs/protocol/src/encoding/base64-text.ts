import * as z from 'zod';

/** Patterns of the last character, by the number of bytes modulo 3. The character's unused bits are zero (RFC 4648 section 3.5). */
const LAST_CHARACTER = ['[A-Za-z0-9_-]', '[AQgw]', '[AEIMQUYcgkosw048]'] as const;

/** Returns how many characters `bytes` bytes have in base64url without padding. */
export function base64UrlLength(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}

/** Returns a pattern of exactly the texts that fromBase64Url reads as `bytes` bytes. */
export function base64UrlPattern(bytes: number): string {
  return `^[A-Za-z0-9_-]{${base64UrlLength(bytes) - 1}}${LAST_CHARACTER[bytes % 3] ?? ''}$`;
}

/** Canonical base64url of exactly `bytes` bytes. Use it for at most a few hundred bytes, because a pattern for a long text is slow. */
export function base64UrlText(bytes: number): z.ZodString {
  return z.string().regex(new RegExp(base64UrlPattern(bytes)));
}

/** Canonical padded base64 (RFC 4648 section 4) of at least `minBytes` bytes (a multiple of three) and at most `maxLength` characters. */
export function base64Text(minBytes: number, maxLength: number): z.ZodString {
  const group = '[A-Za-z0-9+/]{4}';
  const end = '[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=';
  return z
    .string()
    .min((minBytes / 3) * 4)
    .max(maxLength)
    .regex(new RegExp(`^(?:${group}){${minBytes / 3}}(?:${group})*(?:${end})?$`));
}

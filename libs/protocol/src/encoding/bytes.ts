import * as z from 'zod';

/** Exactly `length` bytes. */
export function bytesOf(length: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === length, `${length} bytes`);
}

/** One to `max` bytes. */
export function bytesUpTo(max: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length > 0 && value.length <= max,
    `1 to ${max} bytes`,
  );
}

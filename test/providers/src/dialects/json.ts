import { Refused } from './dialect';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses a JSON object in UTF-8; returns null if the bytes are something else. */
export function parseJson(bytes: Uint8Array): JsonObject | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether a string in the value has half of a surrogate pair, which JSON's grammar allows and the providers refuse. */
export function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return !value.isWellFormed();
  if (Array.isArray(value)) return value.some(hasLoneSurrogate);
  if (isObject(value)) return Object.entries(value).some((entry) => entry.some(hasLoneSurrogate));
  return false;
}

/** Returns the first key that the provider does not know, or null. */
export function unknownKey(object: JsonObject, known: readonly string[]): string | null {
  return Object.keys(object).find((key) => !known.includes(key)) ?? null;
}

/**
 * Returns the number, or undefined if the value is absent. @throws the result of `wrong` if the value is not a whole number in the range
 */
export function wholeNumber(value: unknown, from: number, to: number, wrong: () => Refused): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < from || (value as number) > to) throw wrong();
  return value as number;
}

/**
 * Returns the value with all member names in camelCase, at every depth, because protocol buffers accept `service_tier` for `serviceTier`.
 */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
      camelCased(member),
    ]),
  );
}

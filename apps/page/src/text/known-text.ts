/**
 * The text for a code from a server or a library. Undefined if there is none; `constructor` and `__proto__` have
 * none.
 */
export function knownText(texts: Readonly<Record<string, string>>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(texts, code) ? texts[code] : undefined;
}

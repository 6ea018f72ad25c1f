/** Returns the text for a code from a server or a library. Undefined if there is none, also for `constructor` and `__proto__`. */
export function knownText(texts: Readonly<Record<string, string>>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(texts, code) ? texts[code] : undefined;
}

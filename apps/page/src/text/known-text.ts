/** Returns the text for a code, which may be any string, such as `constructor` or `__proto__`. */
export function knownText(texts: Readonly<Record<string, string>>, code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(texts, code) ? texts[code] : undefined;
}

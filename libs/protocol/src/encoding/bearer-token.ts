const MAX_CHARACTERS = 8192;

/** Whether a text may follow `Bearer ` in a header: `b64token` of RFC 6750 section 2.1, of at most 8,192 characters. */
export function isBearerToken(text: string): boolean {
  return text.length <= MAX_CHARACTERS && /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}

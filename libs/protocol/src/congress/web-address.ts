/** UTF-16 units. */
export const MAX_WEB_ADDRESS_LENGTH = 2000;
/**
 * RFC 3986 with an authority of a name or IPv4 address, and perhaps a port: every reader of xsd:anyURI accepts it, and no office has to
 * guess.
 */
const WEB_ADDRESS =
  /^https?:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$/;

/** Whether a text is an http or https address, percent-encoded where necessary: see {@link toWebAddress}. */
export function isWebAddress(text: string): boolean {
  return WEB_ADDRESS.test(text) && URL.canParse(text);
}

/**
 * The same address in the form that a message takes: as the URL standard writes it (`new URL(text).href`), and the
 * characters that this leaves unchanged (`[ ] | ^ { }`, a `%` without two digits) percent-encoded.
 * @returns null if there is no such form: it is not an http or https address, has a user or password, has an IPv6 address as its host, or
 * is too long
 * @example toWebAddress('https://example.org/a b[1]|x') // 'https://example.org/a%20b%5B1%5D%7Cx'
 */
export function toWebAddress(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, username, password, host, pathname, search, hash } = new URL(text);
  if (username !== '' || password !== '') return null;
  const rest = `${pathname}${search}${hash}`
    .replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
    // Everything after the first "#" is the fragment's text, so a second "#" is encoded
    .replace(/(?<=#.*)#/g, '%23')
    .replace(/[^A-Za-z0-9._~!$&'()*+,;=:@/?#%-]/gu, encodeURIComponent);
  const address = `${protocol}//${host}${rest}`;
  return isWebAddress(address) && address.length <= MAX_WEB_ADDRESS_LENGTH ? address : null;
}

/** In UTF-16 units. */
export const MAX_WEB_ADDRESS_LENGTH = 2000;
/** An address of RFC 3986 whose host is a name or an IPv4 address. Every reader of xsd:anyURI accepts this form. */
const WEB_ADDRESS =
  /^https?:\/\/[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$/;

/** Whether a text is an http or https address in the form that {@link toWebAddress} returns. */
export function isWebAddress(text: string): boolean {
  return WEB_ADDRESS.test(text) && URL.canParse(text);
}

/**
 * Returns an address in the form that a message accepts. Normalizes it as the URL standard does (`new URL(text).href`), and also
 * percent-encodes the characters that the standard leaves unchanged (`[ ] | ^ { }`, a `%` without two digits).
 * @returns null if the text is not an http or https address, has a user or password, has an IPv6 address as its host, or is too long
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

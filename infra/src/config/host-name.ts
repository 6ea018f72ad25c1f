import { domainToASCII, domainToUnicode } from 'node:url';

const LONGEST_NAME = 253;
/** Let's Encrypt refuses more labels (boulder, policy/pa.go: maxLabels). */
const MOST_LABELS = 10;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Browsers parse a name whose last label is a number as an IPv4 address (WHATWG URL, "ends in a number"). */
const LAST_LABEL = /^[a-z]/;
const HOST_NAME =
  'a host name like communique.example.org, in lower case, without https://, path, port or a dot at the end';

/**
 * Checks a host name by RFC 1123, section 2.1, and by the rules of certificate issuers and nginx. Names in other scripts must be written
 * in Punycode (RFC 5891).
 * @returns what is wrong, and the name that was probably meant; undefined if the name is valid
 */
export function problemOfHostName(text: string): string | undefined {
  const labels = text.split('.');
  if (text.length <= 2 * LONGEST_NAME && labels.every((label) => LABEL.test(label))) {
    if (text.length > LONGEST_NAME) return `${text.length} characters; a host name has at most ${LONGEST_NAME}`;
    if (labels.length > MOST_LABELS) return `${labels.length} labels; Let's Encrypt takes at most ${MOST_LABELS}`;
    if (labels.length > 1 && LAST_LABEL.test(labels.at(-1) ?? ''))
      return labels.every(isPlainOrPunycode)
        ? undefined
        : 'a label with hyphens in third and fourth place must be Punycode (xn--)';
  }
  const meant = hostNameIn(text);
  return meant === undefined ? HOST_NAME : `${HOST_NAME}: write ${meant}`;
}

function isPlainOrPunycode(label: string): boolean {
  if (label.slice(2, 4) !== '--') return true;
  // domainToUnicode returns a label unchanged if it is not Punycode.
  const decoded = domainToUnicode(label);
  return decoded !== label && domainToASCII(decoded) === label;
}

/** The host name that is probably meant, if the input is a URL, has upper case or another script, or ends with a dot. */
function hostNameIn(text: string): string | undefined {
  if (text.length > 2 * LONGEST_NAME) return undefined;
  const url = URL.parse(/^\s*[a-z]+:\/\//i.test(text) ? text : `https://${text.trim()}`);
  const host = url?.hostname.replace(/\.$/, '') ?? '';
  return host !== text && host.includes('.') && problemOfHostName(host) === undefined ? host : undefined;
}

/** The datatypes of the CWC 2.0 schema, as XML Schema part 2 defines them. A check returns what is wrong, or null; never the value. */
export type DataCheck = (text: string) => string | null;

/** xsd:token and RELAX NG's own token: XML white space is collapsed before anything is compared. */
export function collapse(text: string): string {
  return text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

/** xsd:string with minLength and maxLength, which count characters (code points); white space counts. */
export function string(minLength: number, maxLength: number): DataCheck {
  return (text) => {
    let length = 0;
    for (const _character of text) length++;
    if (length < minLength) return `shorter than ${minLength} characters`;
    return length > maxLength ? `longer than ${maxLength} characters` : null;
  };
}

/** xsd:string with a pattern: white space is kept, so that it breaks the pattern. */
export function stringPattern(pattern: RegExp): DataCheck {
  return (text) => (pattern.test(text) ? null : 'not of the required form');
}

export function tokenPattern(pattern: RegExp): DataCheck {
  return (text) => (pattern.test(collapse(text)) ? null : 'not of the required form');
}

export function oneOf(values: readonly string[]): DataCheck {
  const known = new Set(values.map(collapse));
  return (text) => (known.has(collapse(text)) ? null : 'not one of the known values');
}

export const positiveInteger: DataCheck = (text) => {
  const value = collapse(text);
  return /^\+?[0-9]+$/.test(value) && /[1-9]/.test(value) ? null : 'not a positive whole number';
};

const ORDINARY = "A-Za-z0-9\\-._~!$&'()*+,;=";
const ESCAPED = '%[0-9A-Fa-f]{2}';
const some = (characters: string): string => `(?:[${characters}]|${ESCAPED})*`;
const HOST = `(?:\\[[0-9A-Fa-f:.]+\\]|${some(ORDINARY)})`;
const URI_REFERENCE = new RegExp(
  '^' +
    '(?:[A-Za-z][A-Za-z0-9+.\\-]*:|(?![^/?#]*:))' + // a scheme, or a relative reference, whose first segment has no colon
    `(?://(?:${some(`${ORDINARY}:`)}@)?${HOST}(?::[0-9]{1,8})?(?=[/?#]|$)|(?!//))` + // what starts with two slashes has an authority
    some(`${ORDINARY}:@/`) +
    `(?:\\?${some(`${ORDINARY}:@/?`)})?` +
    `(?:#${some(`${ORDINARY}:@/?`)})?` +
    '$',
);

/** xsd:anyURI: a URI reference (RFC 3986 section 4.1) in which spaces, the "unwise" characters and all beyond ASCII may stand unescaped. */
export const anyUri: DataCheck = (text) => {
  // whatever would be escaped before use (XLink 1.0 section 5.4) counts as one ordinary character
  const escaped = collapse(text).replace(/[\u0000-\u0020\u007f-\u{10ffff}<>"{}|\\^`]/gu, '_');
  return URI_REFERENCE.test(escaped) ? null : 'not a URI';
};

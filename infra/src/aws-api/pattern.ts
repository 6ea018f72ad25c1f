/**
 * A pattern of AWS's models as JavaScript has it. They are written for Java. AWS matches the whole value, with or without anchors in the
 * pattern; botocore itself does not apply them.
 *
 * @throws SyntaxError where the pattern has something that JavaScript does not know
 */
export function fullMatch(pattern: string): RegExp {
  const leading = /^\(\?([is]+)\)/.exec(pattern);
  const own = pattern
    .slice(leading?.[0].length ?? 0)
    // A flag inside a group holds to the group's end.
    .replace(/\(\?i\)([^()|]*)(?=\))/g, '(?i:$1)')
    .replaceAll('[\\p{all}]', '[\\s\\S]')
    .replaceAll('\\p{ASCII}', '[\\x00-\\x7f]');
  // Classes and pairs of surrogates need Unicode mode. It refuses the needless escapes that other patterns are full of.
  const unicode = /\\p\{|\\uD[89AB]/i.test(own);
  return new RegExp(`^(?:${own})$`, `${leading?.[1] ?? ''}${unicode ? 'u' : ''}`);
}

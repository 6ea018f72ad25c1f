/**
 * Turns a pattern of AWS's models, which is written for Java, into a JavaScript expression. Like AWS, the expression always matches the
 * whole value, even if the pattern has no anchors.
 *
 * @throws SyntaxError if the pattern has something that JavaScript does not know
 */
export function fullMatch(pattern: string): RegExp {
  const leading = /^\(\?([is]+)\)/.exec(pattern);
  const own = pattern
    .slice(leading?.[0].length ?? 0)
    // A flag inside a group applies until the group's end. Write each letter as a class instead of using (?i:...), which V8 has matched
    // case-sensitively in a long-running process.
    .replace(/\(\?i\)([^()|]*)(?=\))/g, (_whole, rest: string) => eitherCase(rest))
    .replaceAll('[\\p{all}]', '[\\s\\S]')
    .replaceAll('\\p{ASCII}', '[\\x00-\\x7f]');
  // Use Unicode mode only for patterns that need it (classes, pairs of surrogates), because it
  // refuses the needless escapes of other patterns.
  const unicode = /\\p\{|\\uD[89AB]/i.test(own);
  return new RegExp(`^(?:${own})$`, `${leading?.[1] ?? ''}${unicode ? 'u' : ''}`);
}

/** @throws SyntaxError if a letter may be part of an escape or a class */
function eitherCase(pattern: string): string {
  if (/[\\[]/.test(pattern)) throw new SyntaxError(`(?i) before an escape or a class: ${pattern}`);
  return pattern.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}

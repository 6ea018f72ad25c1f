/**
 * A pattern of AWS's models, which are written for Java, as a JavaScript expression. It matches the whole value, as AWS does with or
 * without anchors in the pattern. botocore itself does not apply the patterns.
 *
 * @throws SyntaxError if the pattern has something that JavaScript does not know
 */
export function fullMatch(pattern: string): RegExp {
  const leading = /^\(\?([is]+)\)/.exec(pattern);
  const own = pattern
    .slice(leading?.[0].length ?? 0)
    // A flag inside a group holds to the group's end. Spelled out as classes: V8 has let (?i:...) match by case in a long-running process.
    .replace(/\(\?i\)([^()|]*)(?=\))/g, (_whole, rest: string) => eitherCase(rest))
    .replaceAll('[\\p{all}]', '[\\s\\S]')
    .replaceAll('\\p{ASCII}', '[\\x00-\\x7f]');
  // Use Unicode mode only for patterns that need it (classes, pairs of surrogates), because it refuses needless escapes, which others have.
  const unicode = /\\p\{|\\uD[89AB]/i.test(own);
  return new RegExp(`^(?:${own})$`, `${leading?.[1] ?? ''}${unicode ? 'u' : ''}`);
}

/** @throws SyntaxError if a letter may be part of an escape or a class */
function eitherCase(pattern: string): string {
  if (/[\\[]/.test(pattern)) throw new SyntaxError(`(?i) before an escape or a class: ${pattern}`);
  return pattern.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}

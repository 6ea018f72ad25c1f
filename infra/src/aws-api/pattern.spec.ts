import { fullMatch } from './pattern';

// The patterns are AWS's, from botocore.
it.each<[pattern: string, takes: string[], refuses: string[]]>([
  // A pattern without anchors, which AWS matches with the whole value.
  ['[\\w+=,.@-]+', ['communique-tee-dev-parent', 'a.b@c'], ['two words', 'a/b', '']],
  ['^[a-zA-Z0-9:/_-]+$', ['alias/dev'], ['alias dev', 'ä']],
  // Unicode classes.
  ['^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$', ['', 'Größe 2', '日本', 'a-b@c:d/e=f'], ['a#b', 'a\tb', 'a;b']],
  // A pattern that spells out pairs of surrogates.
  [
    '[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*',
    ['plain', '😀', 'a\tb'],
    ['\u0000', '\ud83d', '\u001f'],
  ],
  ['[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+', ['{"Version":"2012-10-17"}', 'é'], ['ā', '']],
  // Flags for the whole pattern, and inside a group.
  ['(?s).*', ['a\nb'], []],
  ['.*', ['ab'], ['a\nb']],
  [
    '^(?![^:\\\\]*/action/|(?i).*<script>.*</script>.*)[^:\\\\]+$',
    ['communique-tee-dev-budget'],
    ['a:b', 'x/action/y', '<SCRIPT>x</script>'],
  ],
  ['[\\p{all}]*', ['', 'a\nb', '😀'], []],
  ['\\p{ASCII}+', ['abc'], ['é']],
  // An alternative that has its own anchors.
  ['(^((25[0-5]|[0-9])\\.){1}[0-9]$)', ['7.1'], ['7.1.', '256.1']],
])('%s matches the whole value', (pattern, takes, refuses) => {
  const match = fullMatch(pattern);
  for (const text of takes) expect([text, match.test(text)]).toEqual([text, true]);
  for (const text of refuses) expect([text, match.test(text)]).toEqual([text, false]);
});

it('refuses a pattern that JavaScript cannot read', () => {
  expect(() => fullMatch('(?<=a)(?>b)')).toThrow(SyntaxError);
});

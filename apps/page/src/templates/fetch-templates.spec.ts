import { readTemplates } from './fetch-templates';
import { templateFor } from '../testing/template';

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

it('reads a list of 200 templates, each with everything that it may have', () => {
  const full = templateFor({
    bills: Array.from({ length: 20 }, (_, n) => ({ congress: 119, type: 'hr', number: n + 1 })),
    sources: Array.from({ length: 20 }, (_, n) => ({ title: 'A study', url: `https://example.org/${String(n)}` })),
  });
  expect(readTemplates(bytes({ templates: Array(200).fill(full) }))).toHaveLength(200);
});

it.each([
  ['text that is no JSON', '<html>'],
  ['an object without a list', {}],
  ['201 templates', { templates: Array(201).fill(templateFor()) }],
  ['a body that no message may have', { templates: [{ ...templateFor(), body: 'x'.repeat(10_001) }] }],
  [
    'a source that is a script',
    { templates: [{ ...templateFor(), sources: [{ title: 'Go', url: 'javascript:alert(1)' }] }] },
  ],
  ['a field that is not known', { templates: [{ ...templateFor(), tracker: 'x' }] }],
])('refuses %s', (_, given) => {
  expect(() => readTemplates(bytes(given))).toThrow();
});

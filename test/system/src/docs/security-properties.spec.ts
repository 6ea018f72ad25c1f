import { workspaceRoot } from '@communique-tee/testing/harness';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { containsTest, testsNamedIn } from './named-tests';
import { readProperties, type Property } from './properties';

/** Checks that every promise in docs/security-properties.md has a test that attacks it. */

const root = workspaceRoot();
const text = readFileSync(join(root, 'docs/security-properties.md'), 'utf8');
const properties = readProperties(text);

it('has properties P1 to Pn, each number once and in order', () => {
  expect(properties.length).toBeGreaterThan(15);
  expect(properties.map(({ number }) => number)).toEqual(properties.map((_, at) => at + 1));
});

it.each(properties.map((property) => [`P${String(property.number)}`, property] as const))(
  '%s names actor, assumption, a mechanism that exists, a test that exists, and what is not promised',
  (_, property) => {
    expect(problemsOf(property)).toEqual([]);
  },
);

it.each([
  'SECURITY.md',
  'docs/auditors.md',
  'docs/keys.md',
  'docs/senders.md',
  'libs/attestation/README.md',
  'libs/client/README.md',
  'libs/enclave-identity/README.md',
])('%s links to the properties instead of repeating them', (page) => {
  expect(readFileSync(join(root, page), 'utf8')).toContain('security-properties.md');
});

it('every attack of the laboratory is named by a property', () => {
  const attacks = readdirSync(join(root, 'test/lab/attacks')).map((name) => `test/lab/attacks/${name}`);
  expect(attacks.filter((file) => !text.includes(`\`${file}\``))).toEqual([]);
});

describe('readProperties', () => {
  const [broken] = readProperties('## P1. It holds.\n\n- **Actor**: x\n- **Attack**: `no/such.spec.ts`: "a title"\n');

  it('reports everything that a property lacks', () => {
    expect(broken && problemsOf(broken)).toEqual([
      'no assumption',
      'no mechanism',
      'nothing that is not promised',
      'no mechanism file',
      'no test "a title" in no/such.spec.ts',
    ]);
  });

  it('finds a test only by its whole title', () => {
    const file = 'test/system/src/docs/security-properties.spec.ts';
    const title = 'reports everything that a property lacks';
    expect(containsTest(root, { file, title })).toBe(true);
    expect(containsTest(root, { file, title: title.slice(0, -6) })).toBe(false);
  });
});

function problemsOf({ fields }: Property): string[] {
  const problems: string[] = [];
  for (const [field, problem] of [
    ['Actor', 'no actor'],
    ['Assumption', 'no assumption'],
    ['Mechanism', 'no mechanism'],
    ['Attack', 'no attack'],
    ['Not promised', 'nothing that is not promised'],
  ] as const)
    if ((fields.get(field) ?? []).length === 0) problems.push(problem);
  const files = (fields.get('Mechanism') ?? []).flatMap((mechanism) =>
    [...mechanism.matchAll(/`([^`\s]+\/[^`\s]+)`/g)].map(([, file = '']) => file),
  );
  if (files.length === 0) problems.push('no mechanism file');
  problems.push(...files.filter((file) => !existsSync(join(root, file))).map((file) => `no file ${file}`));
  for (const attack of fields.get('Attack') ?? []) {
    const named = testsNamedIn(attack);
    if (named.length !== 1) problems.push(`an attack names one test: ${attack}`);
    for (const each of named) if (!containsTest(root, each)) problems.push(`no test "${each.title}" in ${each.file}`);
  }
  return problems;
}

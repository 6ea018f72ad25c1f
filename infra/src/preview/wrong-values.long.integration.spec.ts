import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { dump } from 'js-yaml';
import { settingsSchema } from '../config/settings-schema';
import { ACCEPTED } from '../testing/parsed-settings';
import { ConfigError } from '../config/config-error';
import { parseSettings } from '../config/parse-settings';
import { notBuilt } from '../config/stand-ins';
import { runPreview } from './run-preview';
import { stackConfig } from './stack-config';

/** Tests that no value in Pulumi.<stack>.yaml causes a stack trace: preview shows the stack or a list of problems. */

const root = mkdtempSync(join(tmpdir(), 'communique-wrong-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const deep = (levels: number): unknown => (levels === 0 ? 'x' : { x: deep(levels - 1) });
const WRONG: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e30, NaN, Infinity, new Date(0), '', ' ', 'null', '\n', '\0', '🙂', '\u202e'],
  ...[[], [[]], [null], [1, 2], ['a', ['b']], {}, { a: 1 }, { a: { b: [{ c: 'd' }] } }, deep(200)],
  ...['x'.repeat(1_000_000), Array.from({ length: 1000 }, () => 'x'), { __proto__: null, constructor: 'x' }],
];
/** Valid values, as in YAML. */
const RIGHT = {
  'aws:region': 'us-east-1',
  ...Object.fromEntries(Object.entries(ACCEPTED).map(([key, value]) => [`communique-tee:${key}`, value])),
};

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function preview(file: string): Promise<Answer> {
  writeFileSync(join(root, 'Pulumi.dev.yaml'), file);
  let [out, err] = ['', ''];
  const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const code = await runPreview({ stack: 'dev', config: [], json: true, withoutImage: true }, streams, root);
  return { code, out, err };
}

/** Returns whether preview would accept a file, without making the stack, which takes a second. */
function isAccepted(file: string): boolean {
  writeFileSync(join(root, 'Pulumi.dev.yaml'), file);
  try {
    parseSettings('dev', stackConfig(root, 'dev', []).values, { root, standIn: notBuilt });
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof Error && !error.message.includes('\n'))) throw error;
    return false;
  }
}

/** Expects a list of problems, or one line about wrong arguments. */
function expectList({ code, out, err }: { code: number; out: string; err: string }): void {
  expect(out).toBe('');
  const [first = '', ...lines] = err.trimEnd().split('\n');
  if (code === 2) expect(lines).toEqual([]);
  else {
    expect([code, first]).toEqual([1, 'The configuration of stack dev cannot work; nothing was created.']);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^ {2}- [^\p{Cc}\p{Cf}\p{Cs}]+$/u);
  }
}

const yamlOf = (config: unknown) => dump({ config }, { skipInvalid: true, lineWidth: -1 });

const KEYS = [...Object.keys(settingsSchema.shape).map((key) => `communique-tee:${key}`), 'aws:region'];
/** The number of stacks to make; few, because each takes seconds. */
const ROUNDS = 3;
/** The odd values that are accepted, by key. */
const accepted = new Map<string, unknown[]>();

it.each(KEYS)('reports a wrong value of %s in a list', async (key) => {
  for (const value of WRONG) {
    const file = yamlOf({ ...RIGHT, [key]: value });
    if (isAccepted(file)) accepted.set(key, [...(accepted.get(key) ?? []), value]);
    else expectList(await preview(file));
  }
});

it.each(KEYS)('reports %s in a list if it is absent, misspelt or encrypted', async (key) => {
  const { [key]: value, ...others } = RIGHT as Record<string, string>;
  for (const config of [others, { ...others, [`${key}s`]: value }, { ...RIGHT, [key]: { secure: 'v1:abc' } }]) {
    const file = yamlOf(config);
    if (!isAccepted(file)) expectList(await preview(file));
  }
});

it('makes stacks from odd values that are accepted, one value for each key', async () => {
  expect(accepted.size).toBeGreaterThan(5);
  let made = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const odd = [...accepted].map(([key, values]) => [key, values[Math.floor((round * values.length) / ROUNDS)]]);
    const answer = await preview(yamlOf({ ...RIGHT, ...(Object.fromEntries(odd) as object) }));
    if (answer.code === 0) {
      expect(JSON.parse(answer.out)).toHaveProperty('resources');
      made++;
    } else expectList(answer);
  }
  expect(made).toBeGreaterThan(0);
}, 300_000);

it.each([
  ['nothing', '', 2],
  ['no configuration', 'config:\n', 1],
  ['a list', '- a\n', 2],
  ['a list instead of a configuration', 'config: [a]\n', 2],
  ['a word', 'config: x\n', 2],
  ['text that is not YAML', 'config:\n  a: b: c\n', 2],
  ['a tag that runs code', 'config: !!js/function "function () {}"\n', 2],
  ['a key twice', 'config:\n  aws:region: a\n  aws:region: b\n', 2],
  ['keys without a namespace', 'config:\n  domain: x.example.org\n', 1],
  ['keys of another namespace', yamlOf({ ...RIGHT, 'communique_tee:domain': 'x.example.org' }), 1],
  ['a profile that the program does not read', yamlOf({ ...RIGHT, 'aws:profile': 'production' }), 1],
])('answers a stack file of %s in lines without a stack trace', async (_what, file, code) => {
  const answer = await preview(file);
  expect(answer.code).toBe(code);
  expectList(answer);
});

it('answers any configuration in lines without a stack trace', async () => {
  const keys = fc.oneof(fc.constantFrom(...Object.keys(RIGHT)), fc.string({ unit: 'binary', maxLength: 40 }));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(keys, fc.jsonValue({ noUnicodeString: false }), { maxKeys: 8 }), async (given) => {
      expectList(await preview(yamlOf({ ...RIGHT, ...given, 'communique-tee:monthlyBudgetUsd': 'none' })));
    }),
    { numRuns: 300 },
  );
});

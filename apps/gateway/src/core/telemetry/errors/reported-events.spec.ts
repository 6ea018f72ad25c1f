import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { isReportedEvent } from './reported-events';

/** Not reported, by design: health, metrics or the log show these events, and none is a bug of ours. */
const NOT_REPORTED = [
  'redis cannot be reached or does not answer: rate limits are counted in this process alone',
  'the key set file cannot be read: the keys read before stay in use',
  'the file of the secrets for enclaves cannot be used: what was read before stays in use',
  'emergency stop raised: all spending is refused until an operator clears it',
  'shutdown took too long and is given up',
  'a model provider needs an operator',
];

describe('what is reported', () => {
  it('is decided for every log line at level error, and the text of each such line is fixed', () => {
    const sources = globSync('apps/gateway/src/**/*.ts', { cwd: workspaceRoot() }).filter(
      (path) => !path.endsWith('.spec.ts') && !path.includes('/testing/'),
    );
    const calls = sources.flatMap((path) =>
      [
        ...readFileSync(join(workspaceRoot(), path), 'utf8').matchAll(
          /\b(?:logger|get\(Logger\))\.error\(\s*\{[^]*?\},\s+(?:'([^']*)'|([^)]+)),?\s*\)/g,
        ),
      ].map(([, text, other]) => ({ path, text, other })),
    );
    expect(calls.length).toBeGreaterThan(10);
    expect(calls.filter(({ text }) => text === undefined)).toEqual([]);
    const texts = calls.map(({ text = '' }) => text);
    expect(texts.filter((text) => !isReportedEvent(text) && !NOT_REPORTED.includes(text))).toEqual([]);
    expect(texts.filter((text) => isReportedEvent(text) && NOT_REPORTED.includes(text))).toEqual([]);
  });
});

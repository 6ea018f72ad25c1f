import { renderParentFiles } from '../../parent/src';
import { ON_PARENT } from '../../parent/src/testing/example-settings';
import { run } from '../../parent/src/testing/run';
import { stageScripts, scriptEnvironment, type StagedScripts } from '../../parent/src/testing/staged-scripts';
import { join } from 'node:path';
import { LOG_METRICS } from './logs';

/** Matches a line against a CloudWatch filter pattern for JSON. It knows only comparisons of a field with a text, joined by && or by ||. */
function matches(pattern: string, line: string): boolean {
  const fields = JSON.parse(line) as Record<string, unknown>;
  const holds = (term: string): boolean => {
    const [, name = '', operator, text] = /^\$\.(\w+) (!?=) "([^"]*)"$/.exec(term.trim()) ?? [];
    if (text === undefined) throw new Error(`not understood: ${term}`);
    return operator === '=' ? fields[name] === text : fields[name] !== text;
  };
  return pattern
    .slice(1, -1)
    .split('||')
    .some((either) => either.split('&&').every(holds));
}

describe('metrics of logs', () => {
  let staged: StagedScripts;
  beforeAll(async () => {
    staged = await stageScripts('logs');
  });
  afterAll(() => staged.folder.remove());

  const ended = async (unit: string, result: string): Promise<string> =>
    (
      await run(join(staged.programs, 'record-end'), [unit], {
        env: scriptEnvironment(await staged.newBin(), staged.folder.path, {
          SERVICE_RESULT: result,
          EXIT_CODE: 'exited',
          EXIT_STATUS: '1',
        }),
      })
    ).stdout.trim();

  it.each([
    ['gateway-crashes', 'communique-gateway.service'],
    ['certificate-failures', 'communique-acme.service'],
  ] as const)(
    '%s counts each end of %s that the script record-end logs, except successful ends',
    async (metric, unit) => {
      const { pattern } = LOG_METRICS[metric];
      expect(matches(pattern, await ended(unit, 'exit-code'))).toBe(true);
      expect(matches(pattern, await ended(unit, 'signal'))).toBe(true);
      expect(matches(pattern, await ended(unit, 'success'))).toBe(false);
      expect(matches(pattern, await ended('communique-other.service', 'exit-code'))).toBe(false);
    },
  );

  it('launch-failures counts the error events that report-attested logs', () => {
    const script = renderParentFiles(ON_PARENT)['/usr/local/libexec/communique/report-attested']?.content ?? '';
    const events = [...LOG_METRICS['launch-failures'].pattern.matchAll(/\$\.event = "(\w+)"/g)].map(([, name]) => name);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(script).toMatch(new RegExp(`say error ${String(event)} `));
      expect(matches(LOG_METRICS['launch-failures'].pattern, JSON.stringify({ event }))).toBe(true);
    }
  });
});

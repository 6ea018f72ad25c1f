import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder, workspaceRoot } from '@communique-tee/testing/harness';

interface Results {
  testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[];
}

describe('two spec files in one worker', () => {
  it('share packages, and do not see changes by the other file', async () => {
    const root = workspaceRoot();
    await using folder = await temporaryFolder('jest-leaks');
    const report = folder.file('report.json');
    const { COMMUNIQUE_JEST_PID: _, ...env } = process.env;
    await promisify(execFile)(
      process.execPath,
      [
        '--experimental-vm-modules',
        join(root, 'node_modules/jest/bin/jest.js'),
        ...['--selectProjects', 'testing-jest', '--testMatch', '**/leaks/*.leaks.ts', '--runInBand'],
        ...['--json', '--outputFile', report],
      ],
      { cwd: root, env },
    ).catch(() => undefined); // the report contains the failure
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Results;
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    expect(tests.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(tests.map(({ title }) => title)).toEqual(
      expect.arrayContaining([1, 2].map((n) => `is spec file ${String(n)} that uses commander in this worker`)),
    );
  });
});

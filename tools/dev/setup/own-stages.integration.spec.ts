import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';

const LONG = String.raw`\.long\.integration\.spec\.ts$`;

it('npm test leaves out the specs that run in separate stages of .ci/run', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--listTests', '--testPathIgnorePatterns', LONG],
    { cwd: workspaceRoot(), maxBuffer: 2 ** 24 },
  );
  const listed = stdout.split('\n').filter((line) => line.endsWith('.spec.ts'));
  expect(listed.length).toBeGreaterThan(400);
  expect(
    listed.filter((path) =>
      /infra\/src\/engine\/life|deploy\/real-engine|tools\/ops\/moto|test\/parent\/src/.test(path),
    ),
  ).toEqual([]);
});

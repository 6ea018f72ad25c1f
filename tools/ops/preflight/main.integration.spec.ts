import { execFile } from 'node:child_process';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { startStandInAws } from './testing/stand-in-aws';

/** Runs preflight as an operator does. AWS's own variables name an endpoint where no server listens. */
function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const aws = {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'AKIDCANARYCANARY',
    AWS_SECRET_ACCESS_KEY: 'canary-secret-key',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['tools/run.mjs', 'tools/ops/main.ts', 'preflight', ...args],
      { cwd: workspaceRoot(), env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...aws, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

it('reports that AWS is not reachable, without printing the keys', async () => {
  const { code, stdout, stderr } = await run(['--stack', 'prod', '--only', 'aws-credentials']);
  expect(code).toBe(1);
  expect(stdout).toContain('AWS is not reachable from here (ECONNREFUSED)');
  expect(`${stdout}${stderr}`).not.toMatch(/canary|\u001b/i);
});

it('asks the endpoint that AWS’s own variables name', async () => {
  await using aws = await startStandInAws();
  const { code, stdout } = await run(
    [
      ...['--stack', 'prod', '--only', 'aws-credentials,ami', '--timeout', '100', '--json'],
      ...['--config', 'keyAdministrators=arn:aws:iam::111122223333:role/operator,arn:aws:iam::111122223333:role/other'],
    ],
    {
      AWS_ENDPOINT_URL: aws.endpoint,
    },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ stack: 'prod', pass: 2, fail: 0 });
});

it('reports that there are no AWS credentials', async () => {
  const { stdout } = await run(['--stack', 'prod', '--only', 'aws-credentials'], {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
  });
  expect(stdout).toContain('no AWS credentials were found');
});

it('fails after its time limit if AWS never answers', async () => {
  await using aws = await startStandInAws();
  aws.answer({ GetCallerIdentity: 'silence' });
  const { code, stdout } = await run(['--stack', 'prod', '--only', 'aws-credentials', '--timeout', '1'], {
    AWS_ENDPOINT_URL: aws.endpoint,
  });
  expect(code).toBe(1);
  expect(stdout).toContain('did not answer within 1 s; not checked');
});

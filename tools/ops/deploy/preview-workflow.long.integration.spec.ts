import { workspaceRoot } from '@communique-tee/testing/harness';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import * as z from 'zod';
import { bootstrapTemplate } from './bootstrap/template';

const step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const job = z.object({
  steps: z.array(step),
  strategy: z.object({ matrix: z.object({ stack: z.array(z.string()) }) }).optional(),
  if: z.string().optional(),
});
const workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.object({ rules: job, preview: job }),
});

const root = workspaceRoot();
const text = readFileSync(join(root, 'docs/examples/preview-workflow.yml'), 'utf8');
const { permissions, jobs } = workflow.parse(load(text));
const runsOf = ({ steps }: z.output<typeof job>): string[] => steps.flatMap(({ run }) => run ?? []);

it('the preview workflow may read the repository and request an OIDC token, and has no AWS key', () => {
  expect(permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(text).not.toMatch(/secrets\.|AWS_SECRET|AKIA|access-key/i);
  expect(jobs.preview.if).toBe('github.event.pull_request.head.repo.full_name == github.repository');
});

it('the preview workflow runs only pulumi login and pulumi preview, with the policy pack', () => {
  const pulumi = runsOf(jobs.preview)
    .join('\n')
    .match(/^\s*pulumi .*/gm)
    ?.map((line) => line.trim().split(' ')[1]);
  expect(pulumi).toEqual(['login', 'preview']);
  expect(text).toContain('--policy-pack infra/policy-pack');
  expect(existsSync(join(root, 'infra/policy-pack/PulumiPolicy.yaml'))).toBe(true);
});

it('the preview role that bootstrap makes trusts only pull requests of one repository, and may change nothing', () => {
  const trust = JSON.stringify(bootstrapTemplate.Resources.PreviewRole);
  expect(trust).toContain('repo:${GitHubRepository}:pull_request');
  expect(trust).not.toMatch(/:(Create|Put|Delete|Update|Modify|Run)/);
});

it('the preview workflow is not active in this repository', () => {
  expect(existsSync(join(root, '.github/workflows/preview.yml'))).toBe(false);
});

const withoutAws = runsOf(jobs.rules).filter((run) => run !== 'npm ci');
it.each(
  (jobs.rules.strategy?.matrix.stack ?? [])
    .slice(0, 1)
    .flatMap((stack) => withoutAws.map((run) => run.replace('${{ matrix.stack }}', stack))),
)(
  'this command of the preview workflow runs without AWS: %s',
  async (line) => {
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', line], {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      maxBuffer: 1 << 24,
    });
    expect(stdout).toMatch(/nothing was created|every rule holds|total of the known prices/);
  },
  120_000,
);

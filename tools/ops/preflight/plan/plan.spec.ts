import { workspaceRoot } from '@communique-tee/testing/harness';
import { realPorts, type Ports } from '../ports';
import { lines, look, realPreview, STACK_FILE } from '../testing/look';
import { PlanRefused, readPlan } from './read-plan';
import { readStackFile } from './stack-file';

const root = workspaceRoot();
const real = (changes: string[] = []) =>
  readPlan(
    realPorts(root),
    'prod',
    readStackFile(root, 'prod', changes, () => undefined),
    new AbortController().signal,
  );

it('reads from infra’s preview what pulumi up would make', async () => {
  const plan = await real();
  expect(plan).toMatchObject({
    instanceType: 'c6g.xlarge',
    architecture: 'arm64',
    zones: ['us-east-1a', 'us-east-1b'],
    instances: 1,
    maxInstances: 1,
    instancesWhileReplacing: 2,
    elasticIps: 1,
    database: 'managed',
    redis: 'managed',
    balancer: false,
  });
  expect(plan.secrets).toContain('communique-tee/prod/enclave/cwc-house');
  expect(plan.bucketsIn('999988887777')).toContain('communique-tee-prod-images-999988887777-us-east-1');
});

it('applies changes of --config as the preview does', async () => {
  expect(
    await real([
      'instances=2',
      'maxInstances=4',
      'balancer=network',
      'instanceType=c6i.xlarge',
      'database=external',
      'redis=external',
    ]),
  ).toMatchObject({
    architecture: 'x86_64',
    instances: 2,
    maxInstances: 4,
    instancesWhileReplacing: 4,
    balancer: true,
    database: 'external',
    redis: 'external',
  });
});

it('reports infra’s reason why a configuration cannot work, with the nearest choice', async () => {
  const refused = await real(['instanceType=t4g.small']).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(PlanRefused);
  expect((refused as PlanRefused).problems.join()).toMatch(/t4g\.small.*c6g/);
});

it.each<[string, Partial<Awaited<ReturnType<Ports['runProgram']>>>]>([
  ['no output', { code: 0, stdout: '' }],
  ['another shape', { code: 0, stdout: '{"resources": 1}' }],
  ['no exit code', { code: undefined }],
])('fails if the preview answers with %s', async (_name, end) => {
  const found = await look('configuration', {
    ports: { runProgram: () => Promise.resolve({ code: 0, stdout: '', stderr: '', ...end }) },
  });
  expect(lines(found)).toEqual([expect.stringMatching(/^fail: .*infra’s preview/)]);
});

describe('Pulumi.<stack>.yaml', () => {
  it('keeps secrets of --config out of the preview’s command line', async () => {
    const asked: string[] = [];
    const ports = {
      runProgram: async (_command: string, args: readonly string[]) => (
        asked.push(...args),
        { code: 0, stdout: await realPreview(), stderr: '' }
      ),
    };
    await look('configuration', { ports }, [
      '--config',
      'redisAuthToken=canary-of-redis',
      '--config',
      'redisNodeType=cache.t4g.small',
    ]);
    expect(asked.join(' ')).toContain('redisNodeType=cache.t4g.small');
    expect(asked.join(' ')).not.toContain('canary');
  });

  it('fails with a value of the example, and with an unencrypted secret', async () => {
    const file = STACK_FILE.replace(
      / {2}communique-tee:redisAuthToken[\s\S]*$/,
      '  communique-tee:redisAuthToken: canary-of-redis\n  communique-tee:alarmEmail: ops@example.org\n',
    );
    const found = await look('configuration', { files: { 'Pulumi.prod.yaml': file } });
    expect(lines(found)).toEqual([
      expect.stringMatching(/^pass: c6g/),
      'fail: names of example.org are left: alarmEmail',
      expect.stringMatching(/^fail: redisAuthToken is in Pulumi\.prod\.yaml unencrypted/),
    ]);
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  it('does not treat databaseUrlSecret as a secret, because it is an ARN', async () => {
    const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf';
    const asked: string[] = [];
    const ports = {
      runProgram: async (_command: string, args: readonly string[]) => (
        asked.push(...args),
        { code: 0, stdout: await realPreview(), stderr: '' }
      ),
    };
    const file = `${STACK_FILE}\n  communique-tee:databaseUrlSecret: ${arn}\n`;
    const found = await look('configuration', { files: { 'Pulumi.prod.yaml': file }, ports }, [
      '--config',
      `communique-tee:databaseUrlSecret=${arn}`,
    ]);
    expect(lines(found)).toEqual([expect.stringMatching(/^pass: c6g/)]);
    expect(asked.join(' ')).toContain(`databaseUrlSecret=${arn}`);
  });

  it('fails without the password of a managed Redis', async () => {
    const file = STACK_FILE.replace(/ {2}communique-tee:redisAuthToken[\s\S]*$/, '');
    expect(lines(await look('configuration', { files: { 'Pulumi.prod.yaml': file } }))).toContain(
      'fail: redisAuthToken is not set, and Redis is managed',
    );
  });

  it('passes if all values are right', async () => {
    expect(lines(await look('configuration'))).toEqual([
      'pass: c6g.xlarge (arm64), 1 of at most 1, PostgreSQL managed, Redis managed, us-east-1',
    ]);
  });
});

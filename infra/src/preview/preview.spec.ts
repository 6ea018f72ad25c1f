import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { runCost } from '../cost/run-cost';
import { runPreview } from './run-preview';
import { stackConfig } from './stack-config';

const root = workspaceRoot();
const WITHOUT_IMAGE = { stack: 'dev', config: [], json: false, withoutImage: true };
function streams() {
  const [out, err]: [string[], string[]] = [[], []];
  return {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    said: () => out.join(''),
    complained: () => err.join(''),
  };
}

it('shows a stack before its image is built, and says that the measurements are made up', async () => {
  const to = streams();
  expect(await runPreview(WITHOUT_IMAGE, to, root)).toBe(0);
  expect(to.said()).toMatch(/\+ ec2\.Vpc {2}communique-tee-dev-network/);
  expect(to.said()).toContain('nothing was created');
  expect(to.said()).toContain('No image was read: the measurements above are placeholders.');
  expect(to.said()).toMatch(
    /^Only these may change the keys’ policies, and so run `pulumi up`: arn:aws:iam::123456789012:role\/deployer\..*CI.*$/m,
  );
});

it('prints JSON, with the changes of --config and without secrets', async () => {
  const to = streams();
  const secret = 'averysecretpassword';
  expect(
    await runPreview(
      {
        ...WITHOUT_IMAGE,
        stack: 'staging',
        json: true,
        config: ['instanceType=c7g.xlarge', `redisAuthToken=${secret}`],
      },
      to,
      root,
    ),
  ).toBe(0);
  const shown = JSON.parse(to.said()) as {
    imageIsMadeUp: boolean;
    resources: { type: string; inputs: Record<string, unknown> }[];
  };
  expect(shown.imageIsMadeUp).toBe(true);
  expect(shown.resources.find(({ type }) => type === 'ec2.LaunchTemplate')?.inputs.instanceType).toBe('c7g.xlarge');
  expect(to.said()).not.toContain(secret);
});

it('says why a configuration cannot work, and that nothing was created', async () => {
  const to = streams();
  expect(await runPreview({ ...WITHOUT_IMAGE, stack: 'prod', config: ['instanceType=t4g.small'] }, to, root)).toBe(1);
  expect(to.complained()).toMatch(/nothing was created[\s\S]*t4g\.small[\s\S]*c6g\.xlarge/);
  expect(to.said()).toBe('');
});

it.each([{ stack: '../etc' }, { stack: 'none' }, { config: ['nothing'] }])('exits with 2 for %j', async (options) => {
  expect(await runPreview({ ...WITHOUT_IMAGE, ...options }, streams(), root)).toBe(2);
  expect(runCost({ ...WITHOUT_IMAGE, ...options }, streams(), root)).toBe(2);
});

it('prints a stack’s cost, and what a savings plan of a given rate would save', () => {
  const to = streams();
  expect(runCost({ ...WITHOUT_IMAGE, stack: 'prod', savingsRate: '0.09' }, to, root)).toBe(0);
  expect(to.said()).toMatch(/c6g\.xlarge.*99\.28/);
  expect(to.said()).toMatch(/RDS db\.t4g\.small, two zones .* 47\.45/);
  expect(to.said()).toContain('It would save 33.58 a month');
  expect(runCost({ ...WITHOUT_IMAGE, savingsRate: '33 dollars' }, streams(), root)).toBe(2);
});

it('reads lists, numbers and secrets of Pulumi.<stack>.yaml as Pulumi passes them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'communique-stack-'));
  try {
    writeFileSync(
      join(folder, 'Pulumi.x.yaml'),
      'config:\n  communique-tee:acceptedPcr0: [a, b]\n  communique-tee:instances: 2\n  communique-tee:redisAuthToken:\n    secure: v1:abc\n',
    );
    const { values, hidden } = stackConfig(folder, 'x', []);
    expect(values).toMatchObject({ 'communique-tee:acceptedPcr0': '["a","b"]', 'communique-tee:instances': '2' });
    expect(hidden).toEqual(['communique-tee:redisAuthToken']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('previews a stack that has only an address, and calculates its cost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'communique-stack-'));
  try {
    writeFileSync(
      join(folder, 'Pulumi.x.yaml'),
      "config:\n  aws:region: us-east-1\n  communique-tee:addressOnly: 'true'\n",
    );
    const to = streams();
    const asked = { stack: 'x', config: [], json: false, withoutImage: false };
    expect(await runPreview(asked, to, folder)).toBe(0);
    expect(to.said()).toMatch(/\+ ec2\.Eip {2}communique-tee-x-address\n/);
    expect(to.said()).toMatch(/"addressForTheHouse": "192\.0\.2\.\d+"/);
    expect(runCost(asked, to, folder)).toBe(0);
    expect(to.said()).toContain('3.65 dollars a month');
    const asJson = streams();
    expect(runCost({ ...asked, json: true }, asJson, folder)).toBe(0);
    expect(JSON.parse(asJson.said())).toMatchObject({
      stack: 'x',
      addressOnly: true,
      knownUsd: '3.65',
      items: [{ count: 1 }],
    });
    expect(to.complained()).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

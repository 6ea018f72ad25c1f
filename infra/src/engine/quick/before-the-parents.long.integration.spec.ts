import { workspaceRoot } from '@communique-tee/testing/harness';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stackConfig } from '../../preview/stack-config';
import { pcr, writeBuiltFiles } from '../testing/built-files';
import { createWithSmallEngine, type Creation } from './small-engine';

const root = workspaceRoot();
const folder = mkdtempSync(join(tmpdir(), 'communique-engine-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function create(stack: string, ...changes: string[]): Promise<Creation> {
  const built = Object.entries(writeBuiltFiles(folder, { stack })).map(([key, value]) => `${key}=${value}`);
  const { values } = stackConfig(root, stack, [...built, ...changes]);
  const token = 'communique-tee:redisAuthToken';
  const creation = await createWithSmallEngine(root, stack, { ...values, [token]: 'TokenOfTheTestsAlone' }, [token]);
  if (creation.exitCode !== 0) throw new Error(`the program ended with ${String(creation.exitCode)}: ${creation.said}`);
  return creation;
}

/** Components that no starting parent needs, because they are for people or for running parents. */
const NOT_AT_BOOT = [
  ...['Alarms', 'AlarmTopic', 'AuditTrail', 'Dashboard', 'FlowLogs', 'KeyWatch', 'LogMetrics', 'StackBudget'],
  ...['Balancer', 'BalancerLogs', 'Dns', 'ImageBuild', 'Parents', 'Registry', 'Scaling'],
];

/** The resources that a starting parent may need and on which its group does not depend. */
function comesTooLate({ resources }: Creation): string[] {
  const needed = new Set<string>();
  const need = (urn: string): void => {
    for (const dependency of resources.get(urn)?.dependencies ?? [])
      if (!needed.has(dependency)) need((needed.add(dependency), dependency));
  };
  const group = [...resources.keys()].find((urn) => urn.includes('$aws:autoscaling/group:Group::'));
  if (group === undefined) throw new Error('the program asked for no scaling group');
  need(group);
  return [...resources.keys()].filter((urn) => {
    const [, component, type] = /^urn:.*?::communique-tee:index:([A-Za-z]+)\$(.*)::/.exec(urn) ?? [];
    return (
      component !== undefined && !NOT_AT_BOOT.includes(component) && type?.includes('aws:') === true && !needed.has(urn)
    );
  });
}

it('dev is created with its outputs by Pulumi’s own entry point for Node, and its parents come last', async () => {
  const creation = await create('dev');
  expect(creation.outputs).toMatchObject({
    url: 'https://dev.communique.example.org',
    measurements: { pcr0: pcr('1') },
  });
  expect(creation.said).toBe('');
  expect(comesTooLate(creation)).toEqual([]);
});

it.each([
  ['several parents with a NAT gateway in each zone', ['instances=2', 'balancer=network', 'natPerZone=true']],
  ['external stores', ['database=external', 'redis=external']],
])('prod creates everything that a starting parent needs before the parents: %s', async (_what, changes) => {
  const creation = await create('prod', ...changes);
  expect([...creation.resources.values()].filter(({ type }) => type === 'aws:ec2/route:Route')).not.toEqual([]);
  expect(comesTooLate(creation)).toEqual([]);
});

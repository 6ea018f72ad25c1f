import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { settingsSchema } from '../../config/settings-schema';
import { DOCUMENTED_KEYS } from '../testing/documented-keys';
import { changeBetween, programOf } from './key-changes';
import { RUN_ON_ENGINE } from './run-on-engine';

const root = workspaceRoot();
const PAGE = readFileSync(join(root, 'docs/operator/changing-keys.md'), 'utf8');
const SEVERAL = ['instances=2', 'balancer=application'];
const CHANGES: readonly (readonly [key: string, stack: string, from: readonly string[], to: readonly string[]])[] = [
  ['instanceType', 'prod', [], ['instanceType=c7g.xlarge']],
  ['balancer', 'prod', SEVERAL, ['instances=2', 'balancer=network']],
  ['domain', 'prod', SEVERAL, [...SEVERAL, 'domain=other.communique.example.org']],
  ['hostedZone', 'prod', [], ['hostedZone=example.org']],
  ['availabilityZones', 'dev', [], ['availabilityZones=us-east-1c,us-east-1b']],
  ['vpcCidr', 'prod', [], ['vpcCidr=10.41.0.0/16']],
  [
    'vpcId',
    'prod',
    [],
    [
      'vpcId=vpc-0123456789abcdef0',
      'publicSubnets=subnet-0123456789abcdef0,subnet-0123456789abcdef1',
      'privateSubnets=subnet-0123456789abcdef2,subnet-0123456789abcdef3',
    ],
  ],
  ['alarmEmail', 'prod', [], ['alarmEmail=other@example.org']],
  ['logRetentionDays', 'prod', [], ['logRetentionDays=400']],
];

const programs = new Map<string, ReturnType<typeof programOf>>();
function programOnce(stack: string, changes: readonly string[]): ReturnType<typeof programOf> {
  const key = [stack, ...changes].join(' ');
  const program = programs.get(key) ?? programOf(root, stack, changes);
  programs.set(key, program);
  return program;
}

it('docs/operator/changing-keys.md has one row for each key of a stack', () => {
  const listed = DOCUMENTED_KEYS.flatMap(({ keys }) => keys);
  expect([...listed].sort()).toEqual(Object.keys(settingsSchema.shape).sort());
});

it('changing-keys.md lists as untested exactly those keys that no spec changes under Pulumi’s own engine', () => {
  const [, list = ''] =
    /^No test changes these keys in a running stack under Pulumi's own engine: (.*)\.$/m.exec(PAGE) ?? [];
  const run: readonly string[] = Object.values(RUN_ON_ENGINE).flatMap((keys) => [...keys]);
  const notRun = [...list.matchAll(/`(\w+)`/g)].map(([, key = '']) => key);
  expect([...new Set(run), ...notRun].sort()).toEqual(Object.keys(settingsSchema.shape).sort());
});

it('changing-keys.md says in each row what a change does, how to undo it, and the source', () => {
  for (const { keys, does, back, source } of DOCUMENTED_KEYS)
    expect([
      keys,
      does !== '' && back !== '' && /^(none|\[.*\]\(https:\/\/registry\.terraform\.io\/)/.test(source),
    ]).toEqual([keys, true]);
});

it.each(CHANGES)(
  'changing-keys.md names the resource types that a change of %s replaces',
  async (key, stack, from, to) => {
    const { replaced } = changeBetween(await programOnce(stack, from), await programOnce(stack, to));
    expect(replaced).toEqual(DOCUMENTED_KEYS.find(({ keys }) => keys.includes(key))?.replaced);
  },
);

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { DATA_RIGHTS, NETWORK_RIGHTS, WATCH_RIGHTS, type ServiceRights } from './rights';
import { bootstrapTemplate } from './template';

const POLICIES: readonly (readonly [name: string, services: readonly ServiceRights[]])[] = [
  ['NetworkPolicy', NETWORK_RIGHTS],
  ['DataPolicy', DATA_RIGHTS],
  ['WatchPolicy', WATCH_RIGHTS],
];
const ALL = POLICIES.flatMap(([, services]) => services);
const matches = (pattern: string, action: string): boolean =>
  new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(action);

it.each(
  ALL.flatMap(({ makes, statements }) => Object.entries(makes).map(([type, action]) => ({ type, action, statements }))),
)('lets a deployer make $type ($action)', ({ action, statements }) => {
  expect(statements.some(({ actions }) => actions.some((pattern) => matches(pattern, action)))).toBe(true);
});

it('lists actions of one service in each row, and never all of that service’s actions', () => {
  for (const { makes, statements } of ALL) {
    const services = new Set(
      [...Object.values(makes), ...statements.flatMap(({ actions }) => actions)].map((action) => action.split(':')[0]),
    );
    expect([...services]).toHaveLength(1);
    for (const { actions } of statements) for (const action of actions) expect(action).not.toMatch(/:\*$/);
  }
});

it('limits each changing action to named resources or to the region, except three that AWS cannot limit', () => {
  const wide = ALL.flatMap(({ statements }) =>
    statements
      .filter(({ on, condition }) => on.includes('*') && condition === undefined)
      .flatMap(({ actions }) => actions),
  ).filter((action) => !/:(Describe|List|Get|View)/.test(action));
  expect(wide).toEqual(['kms:CreateKey', 'logs:CreateLogDelivery', 'logs:DeleteLogDelivery']);
});

it.each([...POLICIES.map(([name]) => name), 'StatePolicy'])('keeps %s under IAM’s 6,144 characters', (name) => {
  const { Properties: properties } = (
    bootstrapTemplate.Resources as unknown as Record<string, { Properties: { PolicyDocument: unknown } }>
  )[name]!;
  const text = JSON.stringify(properties.PolicyDocument)
    // Fill in the placeholders as CloudFormation does, with the longest region.
    .replaceAll(/\{"Fn::Sub":("[^"]*")\}/g, '$1')
    .replaceAll('${AWS::Partition}', 'aws-us-gov')
    .replaceAll('${AWS::AccountId}', '111122223333')
    .replaceAll('${AWS::Region}', 'ap-southeast-1')
    .replaceAll(/\s/g, '');
  expect(text.length).toBeLessThanOrEqual(6144);
});

/** The types of all resources that the program can make, read from infra's mappings to AWS's API: one mapping for each type. */
function typesOfTheProgram(): string[] {
  const folder = join(workspaceRoot(), 'infra/src/aws-api/mappings');
  return readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/'aws:([a-z0-9]+)\/[A-Za-z0-9]+:([A-Za-z0-9]+)'/g)].map(
      ([, service = '', type = '']) => `${service}.${type}`,
    ),
  );
}

it('grants rights for every resource type that the program can make, and for no other type', () => {
  const rights = ALL.flatMap(({ makes }) => Object.keys(makes)).sort();
  expect(new Set(rights).size).toBe(rights.length);
  expect([...new Set(typesOfTheProgram())].sort()).toEqual(rights);
});

import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awsCommand } from '../../preflight/aws/command';
import type { Deployment } from '../deployment';
import type { Outputs } from '../outputs';
import type { Step } from '../step';

/** Prints what to publish, what it costs, and what the operator has to do. */
export const summary: Step = {
  name: 'summary',
  title: 'write the policy file, and print address, URL, monthly cost and your next steps',
  byHand: ['pulumi stack output --stack <stack>', 'npm run ops -- cost --stack <stack>'],
  async run(deployment) {
    const { ports, stack, root, verifiedBy } = deployment;
    const outputs = await deployment.outputs();
    const file = join('dist', 'deploy', stack, 'policy.json');
    await mkdir(join(root, 'dist', 'deploy', stack), { recursive: true });
    await writeFile(join(root, file), `${JSON.stringify(outputs.policy, undefined, 2)}\n`);
    const { addressForTheHouse: address, addressesForTheHouse: several, monthlyCost, url } = outputs;
    const addresses = several ?? (address === undefined ? [] : [address]);
    const row = (name: string, value: string): string => `  ${name.padEnd(14)}${value}\n`;
    ports.out(
      [
        `\nStack ${stack}\n`,
        row('service', url),
        row('for the House', addresses.join(', ') || 'no address of its own'),
        row('policy', `${file} (publish it: clients and auditors need it)`),
        row('PCR0', outputs.measurements.pcr0),
        row('PCR3', outputs.operator.pcr3),
        row('verified', VERIFIED[verifiedBy ?? 'not']),
        ...(ports.underTest === undefined ? [] : [row('', 'UNDER A TEST ROOT, on this machine: it proves nothing')]),
        row(
          'costs',
          `$${monthlyCost.knownUsd} a month at prices of ${monthlyCost.pricesOf}, without ${String(monthlyCost.byUse.length)} items that cost by use, and ${String(monthlyCost.unknown.length)} with unknown price (npm run ops -- cost --stack ${stack})`,
        ),
        '\nYour next steps\n',
        ...(await nextSteps(deployment, outputs, addresses)).map(
          (lines, at) => `  ${String(at + 1)}. ${lines.join('\n     ')}\n`,
        ),
      ].join(''),
    );
  },
};

const VERIFIED = {
  name: 'from outside, by its name: this image, under your role',
  address: 'from outside, at its address, because the name has no certificate or does not resolve to it yet',
  not: 'not in this run',
} as const;

async function nextSteps(
  deployment: Deployment,
  outputs: Outputs,
  addresses: readonly string[],
): Promise<(readonly string[])[]> {
  const { stack, options } = deployment;
  const { stackFile } = options;
  const domain = new URL(outputs.url).hostname;
  const missing = await secretsWithoutValue(deployment, outputs);
  const steps: (readonly string[])[] = [];
  if (!stackFile.values.has('hostedZone'))
    steps.push([
      outputs.balancerName === undefined
        ? `DNS: an A record from ${domain} to ${addresses[0] ?? 'the address'}`
        : `DNS: a CNAME from ${domain} to ${outputs.balancerName}`,
    ]);
  if (addresses.length > 0)
    steps.push([
      `Send ${addresses.join(' and ')} to the House (CWCVendors@mail.house.gov) for its list of vendors’ addresses, unless you have done so`,
    ]);
  if (missing.length > 0)
    steps.push([
      'Store the keys that only the enclave may read:',
      ...missing.map((name) => `npm run ops -- secrets put --stack ${stack} ${name}`),
    ]);
  const email = stackFile.values.get('alarmEmail');
  steps.push([
    `Confirm the subscription in AWS’s mail to ${email ?? 'alarmEmail'}, unless you have done so. Without it no alarm is mailed`,
  ]);
  if (stackFile.values.has('monthlyBudgetUsd'))
    steps.push([
      'Activate the cost tag, once in the account (AWS knows the tag after a day). Until then the budget reads 0:',
      awsCommand(
        'us-east-1',
        'ce update-cost-allocation-tags-status',
        '--cost-allocation-tags-status TagKey=communique-tee:stack,Status=Active',
      ),
    ]);
  steps.push([
    'Before you let anyone in:',
    `npm run ops -- preflight --stack ${stack} --before opening`,
    `node tools/cli/bin.mjs verify --gateway ${outputs.url} --policy dist/deploy/${stack}/policy.json`,
  ]);
  return steps;
}

/** Returns the names of the enclave's secrets that have no value yet. Includes a secret if AWS does not answer. */
async function secretsWithoutValue(deployment: Deployment, { secrets }: Outputs): Promise<string[]> {
  const own = Object.entries(secrets).flatMap(([path, arn]) =>
    path.startsWith('enclave/') ? [{ name: path.slice('enclave/'.length), arn }] : [],
  );
  const empty = await Promise.all(
    own.map(async ({ arn }) => {
      try {
        const { VersionIdsToStages: versions = {} } = await deployment
          .aws()
          .secrets.send(new DescribeSecretCommand({ SecretId: arn }));
        return Object.keys(versions).length === 0;
      } catch {
        return true;
      }
    }),
  );
  return own.flatMap(({ name }, at) => (empty[at] === true ? [name] : []));
}

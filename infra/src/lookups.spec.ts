import { workspaceRoot } from '@communique-tee/testing/harness';
import { ConfigError } from './config/config-error';
import { notBuilt } from './config/stand-ins';
import { MockAws } from './mock-aws';
import { runProgram } from './preview/run-program';
import { stackConfig } from './preview/stack-config';

const root = workspaceRoot();

/** An account whose AWS provider fails with a gRPC error. The last line of the error's details has the reason. */
const refusing = (token: string, reason: string) =>
  class extends MockAws {
    override call(asked: Parameters<MockAws['call']>[0]) {
      const details = `invoking ${token}: 1 error occurred:\n\t* ${reason}\n\n`;
      if (asked.token === token) throw Object.assign(new Error(`2 UNKNOWN: ${details}`), { details });
      return super.call(asked);
    }
  };

async function refusedBy(token: string, reason: string, ...config: string[]): Promise<ConfigError> {
  const { values } = stackConfig(root, 'dev', config);
  const thrown: unknown = await runProgram('dev', values, { root, standIn: notBuilt }, refusing(token, reason)).catch(
    (error: unknown) => error,
  );
  if (!(thrown instanceof ConfigError)) throw thrown;
  return thrown;
}

it.each([
  [
    'a hosted zone that is not in the account',
    'aws:route53/getZone:getZone',
    'no matching Route 53 Hosted Zone found',
    /^hostedZone absent\.example: no such public zone can be read in account 123456789012; create it there, .*; the provider reports: .* no matching Route 53 Hosted Zone found$/,
  ],
  [
    'an address that is not in the account',
    'aws:ec2/getElasticIp:getElasticIp',
    'InvalidAllocationID.NotFound',
    /^addresses eipalloc-0123456789abcdef0: no such address can be read in us-east-1; .*; the provider reports: .* InvalidAllocationID\.NotFound$/,
  ],
  [
    'no right to list instance types',
    'aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings',
    'UnauthorizedOperation',
    /^instanceType c6g\.large: .* allow ec2:DescribeInstanceTypeOfferings; the provider reports: .* UnauthorizedOperation$/,
  ],
  [
    'a role that cannot be read',
    'aws:iam/getSessionContext:getSessionContext',
    'AccessDenied',
    /^keyAdministrators: cannot be compared with arn:.*; allow iam:GetRole on its role; the provider reports: .* AccessDenied$/,
  ],
  [
    'an image that cannot be looked up',
    'aws:ssm/getParameter:getParameter',
    'ParameterNotFound',
    /^amiId is not set: .*; set amiId, or allow ssm:GetParameter; the provider reports: .* ParameterNotFound$/,
  ],
  [
    'no session at AWS',
    'aws:index/getCallerIdentity:getCallerIdentity',
    'ExpiredToken',
    /^aws:region us-east-1: .*; sign in, and check the region; the provider reports: .* ExpiredToken$/,
  ],
])('reports in one line, with what to do: %s', async (_name, token, reason, line) => {
  const { problems } = await refusedBy(
    token,
    reason,
    'hostedZone=absent.example',
    'domain=www.absent.example',
    'addresses=eipalloc-0123456789abcdef0',
  );
  expect(problems).toEqual([expect.stringMatching(line)]);
  // The line is not cut, and contains no line feed.
  expect(problems[0]).not.toMatch(/…$|\\u\{/);
});

it('refuses a certificate that ACM does not list for the domain, and names the one that ACM lists', async () => {
  const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
  const { values } = stackConfig(root, 'staging', ['balancer=network', `certificateArn=${certificateArn}`]);
  class WithAnother extends MockAws {
    override call(asked: Parameters<MockAws['call']>[0]) {
      const answer = super.call(asked);
      return asked.token.endsWith(':getCertificate')
        ? { ...answer, arn: certificateArn.replace(/0+$/, '123456789012') }
        : answer;
    }
  }
  await expect(runProgram('staging', values, { root, standIn: notBuilt }, WithAnother)).rejects.toThrow(
    /certificateArn arn:\S+: ACM does not list it .* staging\.communique\.example\.org or \*\.communique\.example\.org, but arn:\S+789012.*: take that one; check/,
  );
});

describe('the operator’s own network', () => {
  const subnets = [
    'vpcId=vpc-0123456789abcdef0',
    'publicSubnets=subnet-0123456789abcdef0,subnet-0123456789abcdef1',
    'privateSubnets=subnet-0123456789abcdef2,subnet-0123456789abcdef3',
  ];
  const several = ['instances=2', 'balancer=application'];

  /** An account that gives these answers to look-ups. An answer of undefined means that AWS finds nothing. */
  const answering = (answers: Readonly<Record<string, (asked: Record<string, unknown>) => object | undefined>>) =>
    class extends MockAws {
      override call(asked: Parameters<MockAws['call']>[0]) {
        const answer = answers[asked.token.split(':').at(-1) ?? ''];
        if (answer === undefined) return super.call(asked);
        const own = answer(asked.inputs as Record<string, unknown>);
        if (own === undefined) throw new Error('no matching resource found');
        return { ...super.call(asked), ...own };
      }
    };
  const run = (StandIn: typeof MockAws, ...changes: string[]) =>
    runProgram(
      'prod',
      stackConfig(root, 'prod', [...subnets, ...changes]).values,
      { root, standIn: notBuilt },
      StandIn,
    );

  it('is refused if a subnet’s zone differs from the entry at the same place in availabilityZones', async () => {
    const inOneZone = answering({
      getSubnet: ({ id, availabilityZone }) =>
        String(id).endsWith('3') && availabilityZone === 'us-east-1b' ? undefined : {},
    });
    await expect(run(inOneZone)).rejects.toThrow(
      /privateSubnets subnet-0123456789abcdef3: no such subnet can be read in vpc-0123456789abcdef0 and zone us-east-1b of us-east-1; name them in the order of availabilityZones/,
    );
  });

  it('is refused for several parents, but accepted for one parent, if there is no NAT gateway', async () => {
    const withoutNat = answering({
      getRouteTable: () => ({ routes: [{ cidrBlock: '10.60.0.0/16', natGatewayId: '' }] }),
    });
    await expect(run(withoutNat, ...several)).rejects.toThrow(
      /privateSubnets subnet-0123456789abcdef2: several parents connect through a NAT gateway, .* the subnet's route for 0\.0\.0\.0\/0 leads to none/,
    );
    await expect(run(withoutNat)).resolves.toBeDefined();
  });

  it('is refused for several parents whose NAT gateway is private', async () => {
    await expect(run(answering({ getNatGateway: () => ({ publicIp: '' }) }), ...several)).rejects.toThrow(
      /nat-0[0-9a-f]{16} has no public address; take a public NAT gateway/,
    );
  });

  it('is accepted if the subnets have no route table, and the VPC’s main route table names the NAT gateway', async () => {
    const byMainTable = answering({
      getRouteTable: ({ subnetId, filters }) =>
        subnetId === undefined && JSON.stringify(filters).includes('association.main')
          ? { routes: [{ cidrBlock: '0.0.0.0/0', natGatewayId: 'nat-0123456789abcdef0' }] }
          : undefined,
      getNatGateway: ({ id }) => ({ publicIp: id === 'nat-0123456789abcdef0' ? '198.51.100.7' : '' }),
    });
    const { outputs } = await run(byMainTable, ...several);
    expect(outputs).toMatchObject({ addressForTheHouse: '198.51.100.7' });
    expect(outputs).not.toHaveProperty('addressesForTheHouse');
  });
});

describe('a role outside keyAdministrators', () => {
  const other = 'arn:aws:iam::123456789012:role/preview';
  class ByAnother extends MockAws {
    constructor(region: string) {
      super(region, other);
    }
  }
  const { values } = stackConfig(root, 'dev', []);

  it('is refused by pulumi up', async () => {
    await expect(runProgram('dev', values, { root, standIn: notBuilt }, ByAnother)).rejects.toThrow(
      `keyAdministrators: does not name ${other}, who runs this`,
    );
  });

  it('may preview, as the role of pull requests does', async () => {
    const { resources } = await runProgram('dev', values, { root, standIn: notBuilt, previewing: true }, ByAnother);
    expect(resources.length).toBeGreaterThan(60);
  });
});

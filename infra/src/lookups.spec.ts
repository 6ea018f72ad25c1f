import { workspaceRoot } from '@communique-tee/testing/harness';
import { ConfigError } from './config/config-error';
import { notBuilt } from './config/stand-ins';
import { MockAws } from './mock-aws';
import { runProgram } from './preview/run-program';
import { stackConfig } from './preview/stack-config';

const root = workspaceRoot();

/** How AWS's provider refuses: an error of gRPC, whose details have several lines, the reason last. */
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
])('reports %s in one line, with what to do', async (_name, token, reason, line) => {
  const { problems } = await refusedBy(
    token,
    reason,
    'hostedZone=absent.example',
    'domain=www.absent.example',
    'addresses=eipalloc-0123456789abcdef0',
  );
  expect(problems).toEqual([expect.stringMatching(line)]);
  // A cut line would lose its end, and a line feed would be written as a code.
  expect(problems[0]).not.toMatch(/…$|\\u\{/);
});

it('refuses a certificate that ACM does not list for the domain, and names the one that it lists', async () => {
  const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000';
  const { values } = stackConfig(root, 'staging', ['balancer=network', `certificateArn=${certificateArn}`]);
  await expect(runProgram('staging', values, { root, standIn: notBuilt })).rejects.toThrow(
    /certificateArn arn:\S+: ACM does not list it .* staging\.communique\.example\.org or \*\.communique\.example\.org, but arn:\S+789012.*: take that one; check/,
  );
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

import { DescribeAddressesCommand } from '@aws-sdk/client-ec2';
import { STACK_TAG } from '@communique-tee/key-policies';
import { explainAws } from '../aws/explain';
import { fail, notYet, pass, Unavailable, warn, type Check, type Context, type Finding } from '../check';
import { DnsNoAnswerError, recordsOf } from './ask-dns';

export const domain: Check = {
  name: 'domain',
  title: 'the domain resolves to the stack’s address, or does not exist yet',
  group: 'names',
  network: true,
  needs: ['plan'],
  async run(context) {
    const name = context.stackFile.values.get('domain');
    if (name === undefined) return fail('the stack has no domain', `put domain into Pulumi.${context.stack}.yaml`);
    try {
      const [v4, v6] = await Promise.all([
        recordsOf(context.ports.resolver.resolve4(name)),
        recordsOf(context.ports.resolver.resolve6(name)),
      ]);
      return await judge(context, name, v4, v6);
    } catch (error) {
      if (error instanceof DnsNoAnswerError)
        return fail(`DNS does not answer here (${error.dnsCode})`, 'look at this machine’s resolver');
      throw error;
    }
  },
};

async function judge(
  context: Context,
  name: string,
  v4: readonly string[],
  v6: readonly string[],
): Promise<Finding | Finding[]> {
  const { balancer } = await context.plan();
  const byHand = context.stackFile.values.get('hostedZone') === undefined;
  if (v4.length === 0 && v6.length === 0) {
    const todo = byHand
      ? 'no hostedZone is configured: make an A record for the address that pulumi up prints'
      : 'pulumi up makes the record; it takes minutes to be seen';
    return context.before === 'up'
      ? pass(`${name} does not exist yet`, todo)
      : notYet(context, `${name} does not resolve`, todo);
  }
  if (balancer)
    return pass(
      `${name} resolves (${[...v4, ...v6].join(', ')}); a balancer’s addresses change, so they are not compared`,
    );
  const findings: Finding[] = [];
  if (v6.length > 0)
    findings.push(
      fail(
        `${name} has AAAA records (${v6.join(', ')}), and the parent has no IPv6: clients and Let’s Encrypt would go there`,
        'remove the AAAA records',
      ),
    );
  const own = await stackAddresses(context);
  const seen = v4.join(', ');
  if ('problem' in own)
    return [
      ...findings,
      warn(
        `${name} resolves to ${seen}; whether that is the stack’s address is not known: ${own.problem}`,
        'run this again, or compare with what this prints',
        `pulumi stack output addressForTheHouse --stack ${context.stack}`,
      ),
    ];
  if (own.length === 0)
    return [
      ...findings,
      warn(
        `${name} resolves to ${seen}, and the stack has no address yet`,
        'pulumi up replaces a record in its hostedZone; one made by hand has to be changed then',
      ),
    ];
  const foreign = v4.filter((address) => !own.includes(address));
  if (foreign.length > 0 || v4.length === 0)
    return [
      ...findings,
      fail(
        `${name} resolves to ${seen === '' ? 'no IPv4 address' : seen}; the stack’s address is ${own.join(', ')}`,
        byHand ? 'change the A record' : 'pulumi up sets the record; look for another one of the same name',
      ),
    ];
  return [...findings, pass(`${name} resolves to the stack’s address ${seen}`)];
}

async function stackAddresses(context: Context): Promise<string[] | { readonly problem: string }> {
  try {
    await context.account();
    const { Addresses: addresses = [] } = await context
      .aws()
      .ec2.send(new DescribeAddressesCommand({ Filters: [{ Name: `tag:${STACK_TAG}`, Values: [context.stack] }] }), {
        abortSignal: context.signal,
      });
    return addresses.flatMap(({ PublicIp: address }) => (address === undefined ? [] : [address]));
  } catch (error) {
    return { problem: error instanceof Unavailable ? error.message : explainAws(error, 'ec2:DescribeAddresses').found };
  }
}

import { awsCommand } from '../aws/command';
import { fail, pass, skip, warn, type Check } from '../check';
import { DnsNoAnswerError, recordsOf } from './ask-dns';

export const delegation: Check = {
  name: 'zone',
  title: 'the hosted zone is delegated to Route 53',
  group: 'names',
  network: true,
  async run({ stackFile, region, ports: { resolver } }) {
    const zone = stackFile.values.get('hostedZone');
    if (zone === undefined) return skip('no hostedZone is configured: the record is yours to make');
    const ask = nameServers(region, zone);
    try {
      const servers = await recordsOf(resolver.resolveNs(zone));
      if (servers.length === 0)
        return fail(
          `no server answers for ${zone} (no NS records)`,
          'at its registrar, or in the zone above, name the four servers of the hosted zone; this command prints them',
          ask,
        );
      const others = servers.filter((server) => !/^ns-\d+\.awsdns-\d+\.(com|net|org|co\.uk)\.?$/i.test(server));
      if (others.length > 0)
        return warn(
          `the servers of ${zone} are ${others.join(', ')}, not Route 53`,
          'if those are not vanity names of Route 53, clients will not see the records that pulumi up makes: at the registrar, name the hosted zone’s servers; this command prints them',
          ask,
        );
      return pass(
        `${zone} has ${String(servers.length)} servers of Route 53`,
        `this command prints the hosted zone’s own servers; DNS names ${[...servers].sort().join(', ')}`,
        ask,
      );
    } catch (error) {
      if (error instanceof DnsNoAnswerError)
        return fail(
          `DNS does not answer for ${zone} (${error.dnsCode})`,
          'check this machine’s resolver; if it works, the zone’s servers do not',
        );
      throw error;
    }
  },
};

/** Returns the command that prints the name servers of this hosted zone. */
function nameServers(region: string, zone: string): string {
  const id = awsCommand(
    region,
    'route53 list-hosted-zones-by-name',
    ...['--dns-name', zone, '--max-items', '1', '--query', "'HostedZones[0].Id'", '--output', 'text'],
  );
  return awsCommand(
    region,
    'route53 get-hosted-zone',
    ...['--id', `"$(${id})"`, '--query', 'DelegationSet.NameServers', '--output', 'text'],
  );
}

import { fail, pass, skip, warn, type Check } from '../check';
import { DnsSilent, recordsOf } from './ask-dns';

export const delegation: Check = {
  name: 'zone',
  title: 'the hosted zone is delegated to Route 53',
  group: 'names',
  network: true,
  async run({ stackFile, ports: { resolver } }) {
    const zone = stackFile.values.get('hostedZone');
    if (zone === undefined) return skip('no hostedZone is configured: the record is yours to make');
    try {
      const servers = await recordsOf(resolver.resolveNs(zone));
      if (servers.length === 0)
        return fail(
          `nobody answers for ${zone} (no NS records)`,
          'at its registrar, or in the zone above, name the four servers of the hosted zone (aws route53 get-hosted-zone)',
        );
      const others = servers.filter((server) => !/^ns-\d+\.awsdns-\d+\.(com|net|org|co\.uk)\.?$/i.test(server));
      if (others.length > 0)
        return warn(
          `${zone} is answered for by ${others.join(', ')}, not by Route 53`,
          'unless those are vanity names of Route 53: records that pulumi up makes would not be seen; name the hosted zone’s servers at the registrar',
        );
      return pass(
        `${zone} is answered for by ${String(servers.length)} servers of Route 53; that they are this zone’s, aws route53 get-hosted-zone tells`,
      );
    } catch (error) {
      if (error instanceof DnsSilent)
        return fail(
          `DNS does not answer for ${zone} (${error.dnsCode})`,
          'look at this machine’s resolver; if it is well, the zone’s servers are not',
        );
      throw error;
    }
  },
};

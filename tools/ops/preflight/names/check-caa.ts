import { fail, pass, type Check, type Context } from '../check';
import { DnsNoAnswerError, recordsOf } from './ask-dns';
import { judgeCaa } from './caa';

const LETS_ENCRYPT = ['letsencrypt.org'];
const AMAZON = ['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com'];

export const caa: Check = {
  name: 'caa',
  title: 'no CAA record forbids the certificate (Let’s Encrypt, or Amazon with a balancer)',
  group: 'names',
  network: true,
  needs: ['plan'],
  async run(context) {
    const domain = context.stackFile.values.get('domain');
    if (domain === undefined) return fail('the stack has no domain', `put domain into Pulumi.${context.stack}.yaml`);
    const { balancer } = await context.plan();
    const [authorities, method] = balancer ? [AMAZON, undefined] : [LETS_ENCRYPT, 'http-01' as const];
    const [first = ''] = authorities;
    try {
      const at = await climb(context, domain);
      if (at === undefined) return pass(`no CAA record at ${domain} or above: every authority may issue`);
      const judged = judgeCaa(at.records, authorities, method);
      return judged.allowed
        ? pass(`the CAA records of ${at.name} allow ${first}`)
        : fail(
            `the CAA records of ${at.name} forbid the certificate: ${judged.why}`,
            `add there: ${at.name} CAA 0 issue "${first}"`,
          );
    } catch (error) {
      if (error instanceof DnsNoAnswerError)
        return fail(
          `DNS does not answer about CAA (${error.dnsCode}), so no authority would issue a certificate`,
          'check this machine’s resolver; if it works, the zone’s servers do not',
        );
      throw error;
    }
  },
};

/** The CAA records of the domain, or of the nearest parent domain that has any (RFC 8659, section 3). */
async function climb({ ports: { resolver } }: Context, domain: string) {
  const labels = domain.split('.');
  for (let at = 0; at < labels.length; at += 1) {
    const name = labels.slice(at).join('.');
    const records = await recordsOf(resolver.resolveCaa(name));
    if (records.length > 0) return { name, records };
  }
  return undefined;
}

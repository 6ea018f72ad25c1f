import { CHAMBER_KEYS, chamberFacts, type Chamber } from '@communique-tee/protocol';
import { fail, notYet, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { codeOf, isCertificateCode, nameOf } from '../error-code';
import { within, TookTooLong } from '../runner/time-limit';
import { readEnclaveConfiguration } from './enclave-configuration';
import { authoritiesOf, head, type HeadEnd } from './head';

const called = (chamber: Chamber): string => `the ${chamberFacts(chamber).name}`;
/** Silence is an answer here (a firewall that drops), so it has to be heard before the check's own limit. */
const SILENT_AFTER_MS = 6000;
const SOON_MS = 14 * 24 * 3600 * 1000;

function register(chamber: Chamber): string {
  const { vendorContact } = chamberFacts(chamber);
  return vendorContact === null
    ? `the address that counts is the stack’s: ask ${called(chamber)}’s CWC contact whether it has to be registered, and run this on the parent`
    : `the address that counts is the stack’s (pulumi stack output addressForTheHouse): have it registered (${vendorContact}), for the test system too, and run this on the parent`;
}

const chamberCheck = (chamber: Chamber): Check => ({
  name: chamber,
  title: `${called(chamber)} answers this machine’s address (HEAD /, no key, nothing posted), with a certificate that the enclave accepts`,
  group: 'congress',
  network: true,
  async run(context) {
    const read = await readEnclaveConfiguration(context);
    if ('problem' in read) return skip('the enclave is not configured: see enclave-config');
    const { origin, certificateAuthorities } = read.services.congress[chamber];
    const url = URL.parse(origin);
    if (url?.protocol !== 'https:') return skip('its origin is not https: see enclave-config');
    const authorities = authoritiesOf(certificateAuthorities);
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    let addresses;
    try {
      addresses = await context.ports.lookup(host);
    } catch (error) {
      return fail(
        `${host} does not resolve (${codeOf(error) ?? 'no answer'})`,
        'look at the origin in the enclave’s configuration, and at this machine’s resolver',
      );
    }
    // IPv4 first: it is what is registered.
    const [target] = [...addresses].sort((a, b) => a.family - b.family);
    if (target === undefined)
      return fail(`${host} has no address`, 'look at the origin in the enclave’s configuration');
    try {
      const end = await within(SILENT_AFTER_MS, (limit) =>
        head({
          host,
          port: Number(url.port === '' ? 443 : url.port),
          ...target,
          certificateAuthorities: authorities,
          signal: AbortSignal.any([limit, context.signal]),
        }),
      );
      return judge(context, chamber, url.host, end);
    } catch (error) {
      if (error instanceof TookTooLong)
        return refused(
          context,
          chamber,
          `${url.host} does not answer (nothing within ${String(SILENT_AFTER_MS / 1000)} s)`,
        );
      throw error;
    }
  },
});

const refused = (context: Context, chamber: Chamber, found: string): Finding =>
  notYet(
    context,
    `${found}: most likely this machine’s address is not on ${called(chamber)}’s list`,
    register(chamber),
  );

function judge(context: Context, chamber: Chamber, host: string, end: HeadEnd): Finding {
  if ('status' in end) {
    if (end.status === 403) return refused(context, chamber, `${host} answers 403`);
    if (end.status >= 500)
      return warn(
        `${host} answers this machine’s address with ${String(end.status)}`,
        'it may be down for the night: run this again',
      );
    const endsMs = Date.parse(end.validTo);
    const text = `${host} answers this machine’s address (${String(end.status)} to HEAD /, ${end.protocol})`;
    return endsMs - context.ports.nowMs() < SOON_MS
      ? warn(
          `${text}; its certificate ends ${new Date(endsMs).toISOString().slice(0, 10)}`,
          'should it be renewed under another authority, certificateAuthorities has to follow',
        )
      : pass(text);
  }
  const code = codeOf(end.error) ?? '';
  if (isCertificateCode(code))
    return fail(
      `${host}: the enclave would not accept its certificate (${code})`,
      'is something in between on this network? if not, certificateAuthorities of the enclave’s configuration has to name the authority that the chamber uses now',
    );
  if (end.stage === 'connect' && ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'].includes(code))
    return fail(`there is no way to ${host} from here (${code})`, 'look at this machine’s network');
  if (['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH'].includes(code))
    return refused(context, chamber, `${host} turns the connection away (${code})`);
  return fail(
    `${host} does not speak HTTPS as expected (${nameOf(end.error)})`,
    'look at origin and port in the enclave’s configuration',
  );
}

/** One check for each chamber, under its key. */
export const chamberChecks: readonly Check[] = CHAMBER_KEYS.map(chamberCheck);

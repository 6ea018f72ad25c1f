import { CHAMBER_KEYS, chamberFacts, type Chamber } from '@communique-tee/protocol';
import { rootCertificates } from 'node:tls';
import { fail, notYet, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { codeOf, isCertificateCode, nameOf } from '../error-code';
import { TookTooLong } from '../runner/time-limit';
import { authoritiesOf, commandForRoot, isLeftOfExample, rootOf } from './authorities';
import { readEnclaveConfiguration } from './enclave-configuration';
import { head, type HeadEnd } from './head';

const called = (chamber: Chamber): string => `the ${chamberFacts(chamber).name}`;
/** No connection within this time is an answer here (a firewall that drops), so it must come before the check's own limit. */
const SILENT_AFTER_MS = 6000;
const SOON_MS = 14 * 24 * 3600 * 1000;

function register({ stack }: Context, chamber: Chamber): [todo: string, command: string] {
  const { vendorContact } = chamberFacts(chamber);
  const todo =
    vendorContact === null
      ? `the address that counts is the stack’s, which this prints: ask ${called(chamber)}’s CWC contact whether it has to be registered, and try a connection from a parent (docs/operator/by-hand.md, “Verify”)`
      : `the address that counts is the stack’s, which this prints: have it registered (${vendorContact}), for the test system too, and try a connection from a parent (docs/operator/by-hand.md, “Verify”)`;
  return [todo, `pulumi stack output addressForTheHouse --stack ${stack}`];
}

export interface ChamberCheckOptions {
  readonly silentAfterMs?: number;
  /** PEM: among these the root is looked for that a configuration does not name yet. */
  readonly publicRoots?: readonly string[];
}

export const chamberCheck = (
  chamber: Chamber,
  { silentAfterMs = SILENT_AFTER_MS, publicRoots = rootCertificates }: ChamberCheckOptions = {},
): Check => ({
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
    const ask = (authorities: readonly string[]): Promise<HeadEnd> =>
      head({
        host,
        port: Number(url.port === '' ? 443 : url.port),
        ...target,
        certificateAuthorities: authorities,
        signal: context.signal,
        limitMs: silentAfterMs,
      });
    const authorities = authoritiesOf(certificateAuthorities);
    const isNamed = authorities.length > 0 && !isLeftOfExample(certificateAuthorities);
    const end = await ask(isNamed ? authorities : publicRoots);
    if (isNamed && !hasWrongCertificate(end)) return judge(context, chamber, url.host, end);
    const publicEnd = isNamed ? await ask(publicRoots) : end;
    const found = isNamed
      ? `${url.host}: the enclave would not accept its certificate (${'error' in end ? (codeOf(end.error) ?? '') : ''})`
      : `services.congress.${chamber}.certificateAuthorities names no authority for ${url.host}`;
    return fail(found, ...howToName(chamber, url.host, publicEnd, publicRoots));
  },
});

const refused = (context: Context, chamber: Chamber, found: string): Finding =>
  notYet(
    context,
    `${found}: most likely this machine’s address is not on ${called(chamber)}’s list`,
    ...register(context, chamber),
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
  if (end.error instanceof TookTooLong) {
    const seconds = String(end.error.limitMs / 1000);
    if (end.stage === 'connect') return refused(context, chamber, `${host} takes no connection within ${seconds} s`);
    return notYet(
      context,
      `${host} took the connection but ${end.error.message}`,
      `run this again; if it stays, this machine’s address may not be on ${called(chamber)}’s list`,
    );
  }
  const code = codeOf(end.error) ?? '';
  if (end.stage === 'connect' && ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'].includes(code))
    return fail(`there is no way to ${host} from here (${code})`, 'look at this machine’s network');
  if (['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'EHOSTUNREACH'].includes(code))
    return refused(context, chamber, `${host} turns the connection away (${code})`);
  return fail(
    `${host} does not speak HTTPS as expected (${nameOf(end.error)})`,
    'look at origin and port in the enclave’s configuration',
  );
}

const hasWrongCertificate = (end: HeadEnd): boolean => 'error' in end && isCertificateCode(codeOf(end.error) ?? '');

/** Which authority to name is the operator's decision: this machine's network may show another certificate than the chamber's. */
function howToName(
  chamber: Chamber,
  host: string,
  end: HeadEnd,
  publicRoots: readonly string[],
): [todo: string, command: string] {
  const root = 'status' in end ? rootOf(end.chain, publicRoots) : null;
  if (!root)
    return [
      `is something in between on this network? if not, ask ${called(chamber)} which root signs ${host}, and put that root’s PEM into services.congress.${chamber}.certificateAuthorities; this shows its chain`,
      `openssl s_client -connect ${host}${/:\d+$/.test(host) ? '' : ':443'} -showcerts </dev/null`,
    ];
  return [
    `${host} now shows a certificate under the public root “${root.name}”, SHA-256 ${root.sha256}: compare that with another network and with what its authority publishes, then put into services.congress.${chamber}.certificateAuthorities what this prints`,
    commandForRoot(root),
  ];
}

/** One check for each chamber, under its key. */
export const chamberChecks: readonly Check[] = CHAMBER_KEYS.map((chamber) => chamberCheck(chamber));

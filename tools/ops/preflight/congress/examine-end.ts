import { fail, skip, type Context, type Finding } from '../check';
import { codeOf, isCertificateCode } from '../error-code';
import { authoritiesOf, commandForRoot, isLeftOfExample, rootOf } from './authorities';
import { head, type HeadEnd } from './head';

/**
 * If no connection is made in this time, a firewall probably drops the packets. This is shorter than a check's time limit, so that the
 * check can still report the firewall.
 */
export const SILENT_AFTER_MS = 6000;

/** A server to which the enclave connects over its own TLS. */
export interface End {
  readonly origin: string;
  /** PEM of the roots that the enclave trusts for this server. */
  readonly certificateAuthorities?: string | undefined;
  /** The server's place in the enclave's configuration, for the report. */
  readonly at: string;
  /** Who runs the server, for the report. */
  readonly owner: string;
}

export interface ExamineOptions {
  readonly silentAfterMs: number;
  /** PEM of the public roots, to find the one that signed the server's certificate. */
  readonly publicRoots: readonly string[];
}

export interface ExaminedEnd {
  /** Host name, with the port if it is not 443. */
  readonly host: string;
  readonly end: HeadEnd;
}

/**
 * Sends `HEAD /`, and trusts only the configured authorities. If the enclave would not accept the certificate, this function asks again with
 * the public roots. Its finding then names the public root that signed the certificate, and a command that prints the root.
 * @returns a finding if no request can be sent or the enclave would not accept the certificate
 */
export async function examineEnd(
  context: Context,
  { origin, certificateAuthorities, at, owner }: End,
  { silentAfterMs, publicRoots }: ExamineOptions,
): Promise<Finding | ExaminedEnd> {
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
  // IPv4 first, because a chamber accepts requests only from registered addresses, which are IPv4.
  const [target] = [...addresses].sort((a, b) => a.family - b.family);
  if (target === undefined) return fail(`${host} has no address`, 'look at the origin in the enclave’s configuration');
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
  if (isNamed && !hasWrongCertificate(end)) return { host: url.host, end };
  const publicEnd = isNamed ? await ask(publicRoots) : end;
  const found = isNamed
    ? `${url.host}: the enclave would not accept its certificate (${'error' in end ? (codeOf(end.error) ?? '') : ''})`
    : `${at}.certificateAuthorities names no authority for ${url.host}`;
  return fail(found, ...howToName({ host: url.host, at, owner }, publicEnd, publicRoots));
}

const hasWrongCertificate = (end: HeadEnd): boolean => 'error' in end && isCertificateCode(codeOf(end.error) ?? '');

/**
 * Returns how to put an authority into the configuration. The operator decides which one, because a network can replace the server's
 * certificate with its own.
 */
function howToName(
  { host, at, owner }: { host: string; at: string; owner: string },
  end: HeadEnd,
  publicRoots: readonly string[],
): [todo: string, command: string] {
  const root = 'status' in end ? rootOf(end.chain, publicRoots) : null;
  if (!root)
    return [
      `is something in between on this network? if not, ask ${owner} which root signs ${host}, and put that root’s PEM into ${at}.certificateAuthorities; this shows its chain`,
      `openssl s_client -connect ${host}${/:\d+$/.test(host) ? '' : ':443'} -showcerts </dev/null`,
    ];
  return [
    `${host} now shows a certificate under the public root “${root.name}”, SHA-256 ${root.sha256}: compare that with another network and with what its authority publishes, then put into ${at}.certificateAuthorities what this prints`,
    commandForRoot(root),
  ];
}

import { CHAMBER_KEYS, chamberFacts, type Chamber } from '@communique-tee/protocol';
import { rootCertificates } from 'node:tls';
import { fail, notYet, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { codeOf, nameOf } from '../error-code';
import { TimeLimitError } from '../runner/time-limit';
import { readEnclaveConfiguration } from './enclave-configuration';
import { examineEnd, SILENT_AFTER_MS, type ExaminedEnd, type ExamineOptions } from './examine-end';

const called = (chamber: Chamber): string => `the ${chamberFacts(chamber).name}`;
const SOON_MS = 14 * 24 * 3600 * 1000;

function register({ stack }: Context, chamber: Chamber): [todo: string, command: string] {
  const { vendorContact } = chamberFacts(chamber);
  const todo =
    vendorContact === null
      ? `the command prints the stack’s address, which counts: ask ${called(chamber)}’s CWC contact whether it has to be registered, and try a connection from a parent (docs/operator/by-hand.md, “Verify”)`
      : `the command prints the stack’s address, which counts: have it registered (${vendorContact}), for the test system too, and try a connection from a parent (docs/operator/by-hand.md, “Verify”)`;
  return [todo, `pulumi stack output addressForTheHouse --stack ${stack}`];
}

export const chamberCheck = (
  chamber: Chamber,
  { silentAfterMs = SILENT_AFTER_MS, publicRoots = rootCertificates }: Partial<ExamineOptions> = {},
): Check => ({
  name: chamber,
  title: `${called(chamber)} answers this machine’s address (HEAD /, no key, nothing posted), with a certificate that the enclave accepts`,
  group: 'congress',
  network: true,
  async run(context) {
    const read = await readEnclaveConfiguration(context);
    if ('problem' in read) return skip('the enclave is not configured: see enclave-config');
    const examined = await examineEnd(
      context,
      {
        at: `services.congress.${chamber}`,
        owner: called(chamber),
        ...read.services.congress[chamber],
      },
      { silentAfterMs, publicRoots },
    );
    return 'found' in examined ? examined : judge(context, chamber, examined);
  },
});

const refused = (context: Context, chamber: Chamber, found: string): Finding =>
  notYet(
    context,
    `${found}: most likely this machine’s address is not on ${called(chamber)}’s list`,
    ...register(context, chamber),
  );

function judge(context: Context, chamber: Chamber, { host, end }: ExaminedEnd): Finding {
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
          'if it is renewed under another authority, change certificateAuthorities',
        )
      : pass(text);
  }
  if (end.error instanceof TimeLimitError) {
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

export const chamberChecks: readonly Check[] = CHAMBER_KEYS.map((chamber) => chamberCheck(chamber));

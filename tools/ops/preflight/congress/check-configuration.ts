import { CHAMBER_KEYS, chamberFacts, PROVIDERS, type Chamber } from '@communique-tee/protocol';
import { fail, pass, warn, type Check, type Finding } from '../check';
import { authoritiesOf, isLeftOfExample } from './authorities';
import { fileOf, readEnclaveConfiguration, type EnclaveConfiguration } from './enclave-configuration';

/**
 * Whether the address belongs to a test system. A chamber's test system has its own host, or its own path on the production host. Other
 * test systems are recognized by the start of the host name.
 */
function isTestSystem(chamber: Chamber, { host, hostname }: URL, messagePath: string): boolean {
  const { test, production } = chamberFacts(chamber);
  if (
    /^(uat|test|testing)\b/.test(hostname) ||
    (`https://${host}` === test.origin && test.origin !== production.origin)
  )
    return true;
  return messagePath === test.messagePath && test.messagePath !== production.messagePath;
}

/** Values of the example configurations that an operator must replace, with their names in the report. */
const LEFT_OF_EXAMPLES: readonly (readonly [RegExp, string])[] = [
  [/to[- ]be[- ]replaced/i, 'values that say "to be replaced"'],
  [/@example\.(?:org|com|net)/i, 'addresses at example.org'],
  [/:111122223333:/, 'the account 111122223333'],
  [/"202-555-01\d\d"/, 'a fictional telephone number'],
];

export const enclaveConfiguration: Check = {
  name: 'enclave-config',
  title:
    'apps/enclave/config/<stack>.json is this stack’s, with a route to each chamber and model provider, and no value left from the example',
  group: 'congress',
  network: false,
  async run(context) {
    const read = await readEnclaveConfiguration(context);
    const file = fileOf(context.stack);
    if ('problem' in read)
      return fail(
        String(read.problem),
        `write ${file}: docs/operations.md explains its keys. Begin with a copy of apps/enclave/config/example.production.json, or of example.json for Congress’s test servers`,
        `cp apps/enclave/config/example.production.json ${file}`,
      );
    const findings: Finding[] = [];
    if (read.stack !== context.stack)
      findings.push(fail(`${file} names another stack`, `write "stack": "${context.stack}"`));
    if (read.egress.mode !== 'vsock')
      findings.push(
        fail(
          'its egress is not by vsock, and an enclave has no network',
          '"egress": {"mode": "vsock", "routes": [...]}',
        ),
      );
    for (const end of endsOf(read)) findings.push(...problemsOfEnd(end, read.egress.routes, context.stack));
    for (const chamber of CHAMBER_KEYS) {
      const url = URL.parse(read.services.congress[chamber].origin);
      if (
        url !== null &&
        isTestSystem(chamber, url, read.services.congress[chamber].messagePath) &&
        context.stackFile.values.get('production') === 'true'
      )
        findings.push(
          warn(
            `the ${chamber} is ${url.host}${read.services.congress[chamber].messagePath}, its test system, in a stack for production`,
            'messages would reach no office: use the production address once the chamber has given you one',
          ),
        );
    }
    const left = LEFT_OF_EXAMPLES.filter(([pattern]) => pattern.test(JSON.stringify(read))).map(([, words]) => words);
    for (const { called, certificateAuthorities } of endsOf(read))
      if (isLeftOfExample(certificateAuthorities)) left.push(`the authority of ${called}`);
    if (left.length > 0)
      findings.push(
        fail(
          `left of the example: ${left.join(', ')}`,
          `put your own values into ${file}; it is measured with the image`,
        ),
      );
    return findings.length > 0
      ? findings
      : pass(
          endsOf(read)
            .map(({ origin }) => URL.parse(origin)?.host ?? '')
            .join(', '),
        );
  },
};

/** A server with which the enclave itself negotiates TLS. */
interface End {
  readonly called: string;
  /** The server's place in the configuration. */
  readonly at: string;
  readonly origin: string;
  readonly certificateAuthorities: string | undefined;
  /** The preflight check that shows which root signs the server's certificate. */
  readonly shownBy: string;
}

function endsOf({ services: { congress, agents } }: EnclaveConfiguration): End[] {
  return [
    ...CHAMBER_KEYS.map((chamber) => ({
      called: `the ${chamber}`,
      at: `services.congress.${chamber}`,
      origin: congress[chamber].origin,
      certificateAuthorities: congress[chamber].certificateAuthorities,
      shownBy: chamber,
    })),
    ...PROVIDERS.flatMap((provider) => {
      const configured = agents?.providers[provider];
      return configured === undefined
        ? []
        : {
            called: `the provider ${provider}`,
            at: `services.agents.providers.${provider}`,
            origin: configured.origin,
            certificateAuthorities: configured.certificateAuthorities,
            shownBy: 'provider-roots',
          };
    }),
  ];
}

function problemsOfEnd(
  { called, at, origin, certificateAuthorities, shownBy }: End,
  routes: EnclaveConfiguration['egress']['routes'],
  stack: string,
): Finding[] {
  const file = fileOf(stack);
  const findings: Finding[] = [];
  const url = URL.parse(origin);
  const to = Number(url?.port === '' ? 443 : url?.port);
  if (url?.protocol !== 'https:')
    findings.push(fail(`the origin of ${called} is not https://host`, `change it in ${file}`));
  else if (!routes.some(({ host, port }) => host === url.hostname && port === to))
    findings.push(fail(`there is no egress route to ${called} (${url.host})`, `add it to egress.routes of ${file}`));
  if (authoritiesOf(certificateAuthorities).length === 0)
    findings.push(
      fail(
        `${at}.certificateAuthorities names no authority`,
        'this shows which root signs the server’s certificate, and how to name that root',
        `npm run ops -- preflight --stack ${stack} --only ${shownBy}`,
      ),
    );
  return findings;
}

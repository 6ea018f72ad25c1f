import { CHAMBER_KEYS, chamberFacts, type Chamber } from '@communique-tee/protocol';
import { fail, pass, warn, type Check, type Finding } from '../check';
import { authoritiesOf, isLeftOfExample } from './authorities';
import { fileOf, readEnclaveConfiguration } from './enclave-configuration';

/** By the chamber's own test address (a host, or a path on the production host), or a host that calls itself one. */
function isTestSystem(chamber: Chamber, { host, hostname }: URL, messagePath: string): boolean {
  const { test, production } = chamberFacts(chamber);
  if (
    /^(uat|test|testing)\b/.test(hostname) ||
    (`https://${host}` === test.origin && test.origin !== production.origin)
  )
    return true;
  return messagePath === test.messagePath && test.messagePath !== production.messagePath;
}

/** What the schema of the enclave cannot know: whose configuration it is, and what was left of the example. */
const LEFT_OF_EXAMPLES: readonly (readonly [RegExp, string])[] = [
  [/to[- ]be[- ]replaced/i, 'what says "to be replaced"'],
  [/@example\.(?:org|com|net)/i, 'addresses at example.org'],
  [/:111122223333:/, 'the account 111122223333'],
  [/"202-555-01\d\d"/, 'a telephone number that nobody has'],
];

export const enclaveConfiguration: Check = {
  name: 'enclave-config',
  title:
    'apps/enclave/config/<stack>.json is this stack’s, with a route to each chamber and nothing left of the example',
  group: 'congress',
  network: false,
  async run(context) {
    const read = await readEnclaveConfiguration(context);
    const file = fileOf(context.stack);
    if ('problem' in read)
      return fail(
        String(read.problem),
        `${file} is yours: its keys are in docs/operations.md, and apps/enclave/config/example.production.json (or example.json, for Congress’s test ends) is one to begin with`,
        `cp apps/enclave/config/example.production.json ${file}`,
      );
    const findings: Finding[] = [];
    if (read.stack !== context.stack)
      findings.push(fail(`${file} calls its stack otherwise`, `write "stack": "${context.stack}"`));
    if (read.egress.mode !== 'vsock')
      findings.push(
        fail(
          'its egress is not by vsock, and an enclave has no network',
          '"egress": {"mode": "vsock", "routes": [...]}',
        ),
      );
    for (const chamber of CHAMBER_KEYS) {
      const url = URL.parse(read.services.congress[chamber].origin);
      if (url?.protocol !== 'https:')
        findings.push(fail(`the origin of the ${chamber} is not https://host`, `change it in ${file}`));
      else if (
        !read.egress.routes.some(
          ({ host, port }) => host === url.hostname && port === Number(url.port === '' ? 443 : url.port),
        )
      )
        findings.push(
          fail(`there is no egress route to the ${chamber} (${url.host})`, `add it to egress.routes of ${file}`),
        );
      else if (
        isTestSystem(chamber, url, read.services.congress[chamber].messagePath) &&
        context.stackFile.values.get('production') === 'true'
      )
        findings.push(
          warn(
            `the ${chamber} is ${url.host}${read.services.congress[chamber].messagePath}, its test system, in a stack for production`,
            'messages would reach nobody: take the production address once the chamber has given one',
          ),
        );
    }
    for (const chamber of CHAMBER_KEYS)
      if (authoritiesOf(read.services.congress[chamber].certificateAuthorities).length === 0)
        findings.push(
          fail(
            `services.congress.${chamber}.certificateAuthorities names no authority`,
            'this shows which root signs it, and what to type',
            `npm run ops -- preflight --stack ${context.stack} --only ${chamber}`,
          ),
        );
    const left = LEFT_OF_EXAMPLES.filter(([pattern]) => pattern.test(JSON.stringify(read))).map(([, words]) => words);
    for (const chamber of CHAMBER_KEYS)
      if (isLeftOfExample(read.services.congress[chamber].certificateAuthorities))
        left.push(`the authority of the ${chamber}`);
    if (left.length > 0)
      findings.push(
        fail(
          `left of the example: ${left.join(', ')}`,
          `put what is yours into ${file}; it is measured with the image`,
        ),
      );
    return findings.length > 0
      ? findings
      : pass(
          `${CHAMBER_KEYS.map((chamber) => URL.parse(read.services.congress[chamber].origin)?.host ?? '').join(', ')}`,
        );
  },
};

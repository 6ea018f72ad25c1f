import type { Check } from './check';

export const help = (
  checks: readonly Check[],
): string => `Looks at everything that can be looked at before a stack is made, and before it is opened to the public. Changes nothing, sends
nothing to Congress, and prints no key, token or password.

  npm run preflight -- [--stack dev|staging|prod]   default dev
  --config <key>=<value>    as many as wanted, over Pulumi.<stack>.yaml, as npm run preview takes them
  --before up               default: what pulumi up will make may be absent, and warns
  --before opening          it has to be there, and fails where it is not. Run this one on the parent too: it alone has the
                            address that Congress knows, and the way to PostgreSQL and Redis
  --only <name>[,<name>]    these checks alone
  --skip <name>[,<name>]    all but these
  --offline                 asks nothing outside this machine
  --timeout <seconds>       of each check, default 10
  --json                    one JSON object
  --help                    this

Each line says pass, warn, FAIL or skip, what was found, and what to do. From the environment (never from .env): AWS's own variables,
DATABASE_URL, REDIS_URL, OPENAI_API_KEY, GOOGLE_AI_API_KEY or GEMINI_API_KEY, ANTHROPIC_API_KEY; what is not set is skipped.

Checks
${checks.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}

Exit code
  0  everything passed, or only warns
  1  something failed
  2  the arguments were not understood

Examples
  npm run preflight -- --stack prod
  npm run preflight -- --stack prod --offline
  npm run preflight -- --stack prod --config instanceType=c7g.xlarge --only configuration,vcpu-quota
  npm run preflight -- --stack prod --before opening --only domain,secrets,house,senate
`;

import type { Command } from 'commander';
import { collect, UsageError } from '@communique-tee/command-line';
import { stackOptions } from '../stack-options';
import { limitOf, TIMEOUT_SECONDS } from '../time-limit-option';
import type { Check } from './check';

export interface PreflightArguments {
  readonly stack: string;
  readonly config: readonly string[];
  readonly before: 'up' | 'opening';
  readonly only: readonly string[];
  readonly leaveOut: readonly string[];
  readonly offline: boolean;
  readonly json: boolean;
  readonly limitMs: number;
}

/** The options as commander reads them. */
export interface PreflightOptions {
  readonly stack: string;
  readonly config?: readonly string[];
  readonly before: string;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly offline?: boolean;
  readonly json?: boolean;
  readonly timeout: string;
}

export function preflightOptions(command: Command, checks: readonly Check[]): Command {
  return stackOptions(command)
    .option(
      '--before <moment>',
      'up: a check only warns if something is missing that pulumi up will make. opening: the check fails then. It reaches PostgreSQL and Redis through a tunnel to a parent. Congress knows only the address of a parent, where preflight cannot run: docs/operator/by-hand.md, “Verify”, shows what to try there',
      'up',
    )
    .option('--only <names>', 'only these checks, separated by commas', collect)
    .option('--skip <names>', 'all checks except these', collect)
    .option('--offline', 'ask nothing outside this machine')
    .option('--timeout <seconds>', 'time limit of each check', String(TIMEOUT_SECONDS))
    .option('--json', 'print one JSON object')
    .addHelpText('after', after(checks));
}

const after = (checks: readonly Check[]): string => `
Each line has the result (pass, warn, FAIL or skip), what was found, and what to do. The checks read these variables from the
environment, never from .env: AWS's own variables, DATABASE_URL, REDIS_URL, OPENAI_API_KEY, GOOGLE_AI_API_KEY or
GEMINI_API_KEY, ANTHROPIC_API_KEY. If a variable is not set, its check is skipped.

Checks
${checks.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}

Exit code
  0  nothing failed
  1  something failed
  2  an argument was not understood: the error names it, and --help lists the arguments

Examples
  npm run ops -- preflight --stack prod
  npm run ops -- preflight --stack prod --offline
  npm run ops -- preflight --stack prod --config instanceType=c7g.xlarge --only configuration,vcpu-quota
  npm run ops -- preflight --stack prod --before opening --only domain,secrets,house,senate
`;

/** @throws UsageError */
export function readOptions(options: PreflightOptions, names: readonly string[]): PreflightArguments {
  const { before } = options;
  if (before !== 'up' && before !== 'opening') throw new UsageError('--before takes up or opening');
  const only = listOf('only', options.only ?? [], names);
  const leaveOut = listOf('skip', options.skip ?? [], names);
  if (only.length > 0 && only.every((name) => leaveOut.includes(name)))
    throw new UsageError('--skip leaves nothing of --only');
  return {
    stack: options.stack,
    config: options.config ?? [],
    before,
    only,
    leaveOut,
    offline: options.offline === true,
    json: options.json === true,
    limitMs: limitOf(options.timeout),
  };
}

function listOf(option: string, given: readonly string[], names: readonly string[]): string[] {
  const wanted = given
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (given.length > 0 && wanted.length === 0) throw new UsageError(`--${option} takes names of checks`);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `--${option}: there is no check ${JSON.stringify(unknown.slice(0, 40))}; there are ${names.join(', ')}`,
    );
  return wanted;
}

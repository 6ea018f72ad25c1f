import { parseArgs } from 'node:util';
import { codeOf, messageOf } from './error-code';

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

const MAX_TIMEOUT_SECONDS = 300;

/** What was asked for cannot be understood; the text is for the person at the keyboard. */
export class NotUnderstood extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'NotUnderstood';
  }
}

/** @throws NotUnderstood */
export function parseArguments(args: readonly string[], names: readonly string[]): PreflightArguments | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const { before } = values;
  if (before !== 'up' && before !== 'opening') throw new NotUnderstood('--before takes up or opening');
  const seconds = /^\d{1,3}$/.test(values.timeout) ? Number(values.timeout) : 0;
  if (seconds < 1 || seconds > MAX_TIMEOUT_SECONDS)
    throw new NotUnderstood(`--timeout takes whole seconds, 1 to ${String(MAX_TIMEOUT_SECONDS)}`);
  const only = listOf('only', values.only, names);
  const leaveOut = listOf('skip', values.skip, names);
  if (only.length > 0 && only.every((name) => leaveOut.includes(name)))
    throw new NotUnderstood('--skip leaves nothing of --only');
  return {
    stack: values.stack,
    config: values.config,
    before,
    only,
    leaveOut,
    offline: values.offline,
    json: values.json,
    limitMs: seconds * 1000,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        stack: { type: 'string', default: 'dev' },
        config: { type: 'string', multiple: true, default: [] },
        before: { type: 'string', default: 'up' },
        only: { type: 'string', multiple: true, default: [] },
        skip: { type: 'string', multiple: true, default: [] },
        offline: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        timeout: { type: 'string', default: '10' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    // Node's own text names an option; of what stands alone it would name the value.
    const isPositional = codeOf(error) === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL';
    throw new NotUnderstood(
      isPositional ? 'there are no arguments without --' : (messageOf(error).split('. ')[0] ?? ''),
    );
  }
}

function listOf(option: string, given: readonly string[], names: readonly string[]): string[] {
  const wanted = given
    .flatMap((text) => text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (given.length > 0 && wanted.length === 0) throw new NotUnderstood(`--${option} takes names of checks`);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new NotUnderstood(
      `--${option}: there is no check ${JSON.stringify(unknown.slice(0, 40))}; there are ${names.join(', ')}`,
    );
  return wanted;
}

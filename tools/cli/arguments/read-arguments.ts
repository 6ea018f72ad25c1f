import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { usage } from '../failure';

const COMMON = { json: { type: 'boolean' } } as const satisfies ParseArgsOptionsConfig;

/**
 * The arguments of one command; every command takes --json (and --help, which is answered before).
 * @throws Failure `usage`
 */
export function readArguments<const T extends ParseArgsOptionsConfig>(argv: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options: { ...COMMON, ...options } });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : 'the arguments cannot be read');
  }
}

/** @throws Failure `usage` */
export function onePositional(positionals: readonly string[], what: string): string {
  const [first, ...more] = positionals;
  if (first === undefined || first === '') throw usage(`what is missing: ${what}`);
  if (more.length > 0) throw usage(`one at a time; there is also ${JSON.stringify(more[0])}`);
  return first;
}

/** @throws Failure `usage` */
export function noPositional(positionals: readonly string[]): void {
  if (positionals.length > 0) throw usage(`${JSON.stringify(positionals[0])} has no meaning here`);
}

/** @throws Failure `usage` */
export function secondsOf(given: string | undefined, option: string): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,9}$/.test(given)) throw usage(`--${option} takes a whole number of seconds`);
  return Number(given);
}

import { onePositional, readArguments } from '../arguments/read-arguments';
import { TRUST_OPTIONS, trustOf, type Trust } from '../trust';
import { usage } from '../failure';

export interface VerifyArguments {
  /** file or URL */
  readonly source: string;
  readonly trust: Trust;
  readonly nonce: Uint8Array | 'fresh' | 'none';
  readonly at: Date | undefined;
  readonly json: boolean;
}

/** @throws Failure `usage`, and what reading the root's file throws */
export function parseArguments(argv: readonly string[]): VerifyArguments {
  const { values, positionals } = readArguments(argv, {
    ...TRUST_OPTIONS,
    nonce: { type: 'string' },
    'no-nonce': { type: 'boolean' },
    at: { type: 'string' },
  });
  const source = onePositional(positionals, 'a file or a URL to verify');
  return {
    source,
    nonce: nonceOf(values.nonce, values['no-nonce'] ?? false, isUrl(source)),
    at: timeOf(values.at),
    trust: trustOf(values),
    json: values.json ?? false,
  };
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

function nonceOf(given: string | undefined, none: boolean, url: boolean): VerifyArguments['nonce'] {
  if (given !== undefined && none) throw usage('--nonce and --no-nonce exclude each other');
  if (none) return 'none';
  if (given === undefined) {
    if (url) return 'fresh';
    throw usage('for a file, name the nonce with --nonce, or say --no-nonce');
  }
  const bytes = given.length / 2;
  if (!/^(?:[0-9a-f]{2})+$/i.test(given) || bytes < 16 || bytes > 512)
    throw usage('--nonce takes 16 to 512 bytes as hexadecimal digits');
  return new Uint8Array(Buffer.from(given, 'hex'));
}

function timeOf(given: string | undefined): Date | undefined {
  if (given === undefined) return undefined;
  const time = new Date(given);
  // Without an offset a time would be this machine's local one.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(given) || Number.isNaN(time.getTime())) {
    throw usage('--at takes an ISO time with its offset, such as 2026-11-22T09:30:00Z');
  }
  return time;
}

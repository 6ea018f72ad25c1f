import { parseArgs } from 'node:util';
import { NotJudged } from './not-judged';

export interface VerifyArguments {
  /** file or URL */
  source: string;
  /** 96 lowercase hexadecimal digits each */
  pcr0: [string, ...string[]];
  nonce: Uint8Array | 'fresh' | 'none';
  maxAgeMs: number;
  at: Date | undefined;
  rootFile: string | undefined;
  json: boolean;
}

export type Parsed = 'help' | VerifyArguments;

/** @throws NotJudged ERR_VERIFY_USAGE */
export function parseArguments(argv: readonly string[]): Parsed {
  const { values, positionals } = parse(argv);
  if (values.help) return 'help';
  const [source, ...more] = positionals;
  if (source === undefined || source === '') throw usage('what to verify is missing: a file or a URL');
  if (more.length > 0) throw usage(`one file or URL at a time; there is also ${JSON.stringify(more[0])}`);
  return {
    source,
    pcr0: pcr0Of(values.pcr0),
    nonce: nonceOf(values.nonce, values['no-nonce'] ?? false, isUrl(source)),
    maxAgeMs: maxAgeOf(values['max-age']),
    at: timeOf(values.at),
    rootFile: values.root,
    json: values.json ?? false,
  };
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        pcr0: { type: 'string', multiple: true },
        nonce: { type: 'string' },
        'no-nonce': { type: 'boolean' },
        'max-age': { type: 'string' },
        at: { type: 'string' },
        root: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : 'the arguments cannot be read');
  }
}

function pcr0Of(given: string[] | undefined): [string, ...string[]] {
  const [first, ...rest] = (given ?? []).flatMap((list) => list.split(',')).map((value) => value.trim().toLowerCase().replace(/^(sha384:|0x)/, ''));
  if (first === undefined) throw usage('--pcr0 is missing: name the measurements that you accept');
  for (const value of [first, ...rest]) {
    if (!/^[0-9a-f]{96}$/.test(value)) throw usage('--pcr0 takes 96 hexadecimal digits (SHA-384), several with commas between them');
    if (/^0+$/.test(value)) throw usage('a PCR0 of zeros is that of an enclave in debug mode: it cannot be accepted');
  }
  return [first, ...rest];
}

function nonceOf(given: string | undefined, none: boolean, url: boolean): VerifyArguments['nonce'] {
  if (given !== undefined && none) throw usage('--nonce and --no-nonce exclude each other');
  if (none) return 'none';
  if (given === undefined) {
    if (url) return 'fresh';
    throw usage('for a file, name the nonce with --nonce, or say --no-nonce');
  }
  const bytes = given.length / 2;
  if (!/^(?:[0-9a-f]{2})+$/i.test(given) || bytes < 16 || bytes > 512) throw usage('--nonce takes 16 to 512 bytes as hexadecimal digits');
  return new Uint8Array(Buffer.from(given, 'hex'));
}

function maxAgeOf(given: string | undefined): number {
  if (given === undefined) return 300_000;
  if (!/^\d{1,9}$/.test(given)) throw usage('--max-age takes a whole number of seconds');
  return Number(given) * 1000;
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

function usage(message: string): NotJudged {
  return new NotJudged('ERR_VERIFY_USAGE', message);
}

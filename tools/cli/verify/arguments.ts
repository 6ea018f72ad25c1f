import type { Command } from 'commander';
import { usage } from '../failure';
import { gatewayOf, gatewayOption, jsonOption, type GatewayOption, type JsonOption } from '../options';
import { trustOf, trustOptions, type Trust, type TrustOptions } from '../trust';

export interface VerifyOptions extends TrustOptions, GatewayOption, JsonOption {
  /** false for --no-nonce */
  readonly nonce?: string | false;
  readonly at?: string;
}

export interface VerifyArguments {
  /** The path of a file, or the URL of the gateway to ask. */
  readonly source: string | URL;
  readonly trust: Trust;
  readonly nonce: Uint8Array | 'fresh' | 'none';
  readonly at: Date | undefined;
}

export function verifyArguments(command: Command): Command {
  command
    .argument(
      '[file]',
      'a document as raw bytes or in base64, or the JSON that /attestation answers; without a file, the gateway is asked',
    )
    .option(
      '--nonce <hex>',
      'the nonce that the document must contain, 16 to 512 bytes (default: 32 fresh random bytes, if a gateway is asked)',
    )
    .option(
      '--no-nonce',
      'send and check no nonce: the document may be a copy that was made for another request. For a file, give --nonce or --no-nonce',
    )
    .option(
      '--at <time>',
      'verify as of this time, such as 2023-09-28T11:08:28Z (default: now). The document may be 30 s ahead',
    );
  const given = new Set<string>();
  for (const name of ['nonce', 'no-nonce'])
    command.on(`option:${name}`, () => {
      if (given.add(name).size > 1) throw usage('--nonce and --no-nonce exclude each other');
    });
  jsonOption(gatewayOption(command));
  return trustOptions(command);
}

/** @throws Failure `usage`, and the failures of reading the root or the policy */
export function readVerifyArguments(
  file: string | undefined,
  options: VerifyOptions,
  environment: Readonly<Record<string, string | undefined>>,
): VerifyArguments {
  if (file !== undefined && /^https?:\/\//i.test(file)) throw usage('for a gateway, write --gateway <url>');
  if (file === '') throw usage('the name of the file is empty');
  if (file !== undefined && options.gateway !== undefined) throw usage('a file or --gateway, not both');
  return {
    source: file ?? gatewayOf(options, environment),
    nonce: nonceOf(options.nonce, file === undefined),
    at: timeOf(options.at),
    trust: trustOf(options),
  };
}

function nonceOf(given: string | false | undefined, asksGateway: boolean): VerifyArguments['nonce'] {
  if (given === false) return 'none';
  if (given === undefined) {
    if (asksGateway) return 'fresh';
    throw usage('for a file, name the nonce with --nonce, or leave it unchecked with --no-nonce');
  }
  const bytes = given.length / 2;
  if (!/^(?:[0-9a-f]{2})+$/i.test(given) || bytes < 16 || bytes > 512)
    throw usage('--nonce takes 16 to 512 bytes as hexadecimal digits');
  return new Uint8Array(Buffer.from(given, 'hex'));
}

function timeOf(given: string | undefined): Date | undefined {
  if (given === undefined) return undefined;
  const time = new Date(given);
  // A time without an offset would be read in this machine's time zone.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(given) || Number.isNaN(time.getTime())) {
    throw usage('--at takes an ISO time with its offset, such as 2026-11-22T09:30:00Z');
  }
  return time;
}

import { Option, type Command } from 'commander';
import { Failure, usage } from './failure';
import { readText } from './files';

/** Options that several commands have, with the same name and meaning everywhere. */

type Environment = Readonly<Record<string, string | undefined>>;

export interface JsonOption {
  readonly json?: boolean;
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON object, for an error too');
}

export interface GatewayOption {
  readonly gateway?: string;
}

const DEFAULT_GATEWAY = 'http://127.0.0.1:3001';

/** @param default_ for the help text */
export function gatewayOption(command: Command, default_ = `$COMMUNIQUE_GATEWAY, or ${DEFAULT_GATEWAY}`): Command {
  return command.option(
    '--gateway <url>',
    `the gateway's address: https, or http on this machine (default: ${default_})`,
  );
}

/**
 * Returns the gateway that a command asks. Plain http would show the sender's token on the way, so it is accepted only for this machine.
 * @throws Failure `usage`
 */
export function gatewayOf({ gateway }: GatewayOption, environment: Environment): URL {
  const text = gateway ?? (environment['COMMUNIQUE_GATEWAY'] || DEFAULT_GATEWAY);
  const source = gateway === undefined ? 'COMMUNIQUE_GATEWAY' : '--gateway';
  if (!URL.canParse(text))
    throw usage(`${source} takes the address of a gateway, such as https://communique.example.org`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw usage(
      `${source} must not have a user name or a password: the gateway takes a bearer token (--token-file, COMMUNIQUE_TOKEN)`,
    );
  const local = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local))
    throw usage(`${source} has to be https, or http on this machine`);
  return url;
}

export interface TokenOption {
  readonly tokenFile?: string;
}

export function tokenOption(command: Command): Command {
  return command.option(
    '--token-file <file>',
    "a file with the sender's bearer token (default: $COMMUNIQUE_TOKEN). The token is never an argument, because other users of the machine can read arguments",
  );
}

/** RFC 6750, section 2.1. Other characters must not get into a header. */
const TOKEN = /^[A-Za-z0-9._~+/-]{1,8192}=*$/;

/** Returns the token. @throws Failure `token_missing`, `file_unreadable`, `not_understood`, which never quotes the token */
export function tokenOf({ tokenFile }: TokenOption, environment: Environment): string {
  const token =
    (tokenFile === undefined ? environment['COMMUNIQUE_TOKEN'] : readText(tokenFile, 16 * 1024))?.trim() ?? '';
  if (token === '' && tokenFile === undefined)
    throw new Failure(
      'token_missing',
      'there is no token: put it into COMMUNIQUE_TOKEN, or into a file and name the file with --token-file',
    );
  if (!TOKEN.test(token))
    throw new Failure(
      'not_understood',
      tokenFile === undefined ? 'COMMUNIQUE_TOKEN holds no bearer token' : `${tokenFile} holds no bearer token`,
    );
  return token;
}

export interface StateOption {
  readonly state?: string;
}

export function stateOption(command: Command): Command {
  return command.option(
    '--state <folder>',
    'where sent messages are kept (default: $XDG_STATE_HOME/communique-tee, or ~/.local/state/communique-tee)',
  );
}

export interface WaitOption {
  readonly wait?: true | string;
}

export function waitOption(command: Command): Command {
  return command.addOption(
    new Option('--wait [seconds]', 'follow the message to its end, or for so many seconds; steps go to standard error'),
  );
}

/** @returns undefined: do not wait; null: wait until the message ends. @throws Failure `usage` */
export function waitSecondsOf({ wait }: WaitOption): number | null | undefined {
  return wait === true ? null : secondsOf(wait, 'wait');
}

/** @throws Failure `usage` */
export function secondsOf(given: string | undefined, option: string): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,9}$/.test(given)) throw usage(`--${option} takes a whole number of seconds`);
  return Number(given);
}

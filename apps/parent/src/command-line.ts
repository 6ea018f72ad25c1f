import { type Address, parseAddress } from '@communique-tee/vsock';
import { isIP } from 'node:net';

/** Reports one problem with a program's settings, as `where: rule`. */
export type Problem = (where: string, rule: string) => void;

/**
 * Parses an address to listen on; on a problem, reports it and returns undefined. The address must be reachable only from this machine,
 * because the program serves every caller.
 */
export function localAddress(text: string, where: string, problem: Problem): Address | undefined {
  let address: Address;
  try {
    address = parseAddress(text);
  } catch (error) {
    problem(where, messageOf(error));
    return undefined;
  }
  if (address.kind === 'tcp' && !isLoopback(address.host)) {
    problem(where, 'tcp must stay on this machine: 127.0.0.0/8, [::1] or localhost');
    return undefined;
  }
  return address;
}

export function wholeNumber(
  text: string,
  [min, max]: readonly [number, number],
  where: string,
  problem: Problem,
): number | undefined {
  const value = /^(0|[1-9][0-9]{0,11})$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  problem(where, `must be a whole number from ${min} to ${max}`);
  return undefined;
}

/** Returns the message of an error. Does not use instanceof, because parseArgs may throw errors of another realm. */
export function messageOf(error: unknown): string {
  const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : undefined;
  return typeof message === 'string' ? message : 'cannot be read';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

export const USAGE = `usage: communique-tee <command> [options]      (dist/apps/parent/main.js)

  egress-proxy    carries the enclave's TLS connections to the destinations it is given, and to nothing else
  log-collector   writes the enclave's log, line by line and redacted, to standard output

egress-proxy
  --route <address>=<host>:<port>    listens on the address, for this one destination; repeat it. E.g. vsock:8001=cwc.house.gov:443
  --config <file>                    JSON: {"routes": [{"listen", "host", "port", "maxConnections"?}], and the options below in
                                     camelCase}; options on the command line come first
  --max-connections <n>              the most open connections together (default 512)
  --max-connections-per-route <n>    (default 256)
  --connect-timeout-ms <n>           name resolution included (default 10000)
  --idle-timeout-ms <n>              without a byte in either direction (default 300000)
  --drain-ms <n>                     how long open connections may finish after SIGTERM (default 10000)
  --metrics <address>                Prometheus, on loopback or unix, e.g. tcp:127.0.0.1:9465 (default: none)

log-collector
  --listen <address>                 (default vsock:9001)
  --max-lines-per-second <n>         above it lines are dropped and counted (default 200, and ten times that in a burst)
  --metrics <address>
  --raw                              development only: show lines that are no log events, escaped

Addresses: vsock:<port>, vsock:<cid>:<port>, unix:<path>, tcp:<loopback>:<port>, hybrid:<path>:<port> (an emulated enclave's).
Exit code: 0 stopped by SIGTERM or SIGINT, 1 failed (starting again may help), 78 wrong arguments (it will not help).
`;

import { parseAddress, type Address } from '@communique-tee/vsock';
import { isIP } from 'node:net';

/** Collects all that is wrong with what a program was told, each as `where: rule`. */
export type Problem = (where: string, rule: string) => void;

/** Only this machine may reach it: whoever does is served. */
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

/** By shape: parseArgs may throw errors of another realm. */
export function messageOf(error: unknown): string {
  const message: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'message') : undefined;
  return typeof message === 'string' ? message : 'cannot be read';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

import { isIP, isIPv4 } from 'node:net';

/**
 * Returns the address for which a request is counted: an IPv4 address, or the /64 of an IPv6 address, because one household gets a whole
 * /64.
 * @param claimed the address that Fastify read from X-Forwarded-For under TRUSTED_PROXIES; if it is not an address, the peer's address is
 * used
 */
export function clientAddress(claimed: string, peer: string | undefined): string {
  const address = isIP(claimed) === 0 ? (peer ?? '') : claimed;
  const plain = address.replace(/^::ffff:(?=[0-9]+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return plain;
  if (isIP(plain) === 0) return 'unknown';
  const groups = groupsOf(plain);
  return mappedIPv4(groups) ?? `${groups.slice(0, 4).join(':')}::/64`;
}

/** Returns the IPv4 address in an address such as `::ffff:cb00:7109` (203.0.113.9). Counted as IPv6, all of these would share one /64. */
function mappedIPv4(groups: readonly string[]): string | undefined {
  if (groups.length !== 8 || groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined;
  return groups
    .slice(6)
    .flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff])
    .join('.');
}

/** Returns the eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...right].map((group) =>
    group.replace(/^0+(?=.)/, '').toLowerCase(),
  );
}

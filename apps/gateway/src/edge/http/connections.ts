import type { Server } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { GatewayConfig } from '../../core/config/gateway-config';
import { clientAddress } from '../../features/limits/client-address';

/**
 * Limits open connections, in total and per address. Trusted proxies have no limit per address. Further connections are closed without an
 * answer, because an answer would cost what the limit saves.
 */
export function boundConnections(
  server: Server,
  { maxConnections, maxConnectionsPerAddress, trustedProxies }: GatewayConfig['http'],
): void {
  server.maxConnections = maxConnections;
  const proxies = blockListOf(trustedProxies);
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (
      remoteAddress === undefined ||
      proxies.check(remoteAddress.replace(/%.*$/, ''), isIPv6(remoteAddress) ? 'ipv6' : 'ipv4')
    )
      return;
    const address = clientAddress(remoteAddress, undefined);
    const count = (open.get(address) ?? 0) + 1;
    if (count > maxConnectionsPerAddress) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

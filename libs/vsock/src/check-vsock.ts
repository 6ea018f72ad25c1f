import type { Address } from './address';
import { libc } from './linux/libc';
import { openHandle, tcpWrap } from './linux/node-internals';

/**
 * Throws if this Node cannot open sockets at these addresses. A program that calls it first fails at its start, not at its first message.
 * Only vsock addresses have requirements. The function makes no connection.
 *
 * @throws SocketError ERR_VSOCK_UNAVAILABLE (this Node), EAFNOSUPPORT (this kernel)
 */
export async function checkVsock(
  addresses: Iterable<Pick<Address, 'kind'>>,
  internals: { readonly holder?: object } = {},
): Promise<void> {
  for (const { kind } of addresses) {
    if (kind !== 'vsock') continue;
    tcpWrap(internals.holder);
    const c = await libc();
    const fd = c.socket();
    try {
      openHandle(fd, 'SOCKET').close(); // closes the descriptor too
    } catch (error) {
      c.close(fd);
      throw error;
    }
    return;
  }
}

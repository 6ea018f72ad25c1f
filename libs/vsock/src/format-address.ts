import type { Address } from './parse-address';

/** The text that parseAddress reads back to the same address. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'vsock':
      return address.cid === null ? `vsock:${address.port}` : `vsock:${address.cid}:${address.port}`;
    case 'unix':
      return `unix:${address.path}`;
    case 'hybrid':
      return `hybrid:${address.path}:${address.port}`;
    case 'tcp':
      return address.host.includes(':')
        ? `tcp:[${address.host}]:${address.port}`
        : `tcp:${address.host}:${address.port}`;
  }
}

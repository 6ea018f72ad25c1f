export { AddressError, type AddressErrorCode } from './address/address-error';
export { formatAddress } from './address/format-address';
export {
  parseAddress,
  type Address,
  type HybridAddress,
  type TcpAddress,
  type UnixAddress,
  type VsockAddress,
} from './address/parse-address';
export { connect, type ConnectOptions } from './connect/connect';
export { checkVsock } from './linux/check-vsock';
export { listen, type ListenOptions } from './listen/listen';
export { SocketError } from './socket-error';

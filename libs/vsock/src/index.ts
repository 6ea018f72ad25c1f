export { AddressError, type AddressErrorCode } from './address-error';
export { formatAddress } from './format-address';
export {
  parseAddress,
  type Address,
  type HybridAddress,
  type TcpAddress,
  type UnixAddress,
  type VsockAddress,
} from './parse-address';
export { connect, type ConnectOptions } from './connect';
export { checkVsock } from './linux/check-vsock';
export { listen, type ListenOptions } from './listen';
export { SocketError } from './socket-error';

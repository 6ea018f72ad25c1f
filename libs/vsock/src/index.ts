export {
  AddressError,
  type AddressErrorCode,
  formatAddress,
  parseAddress,
  type Address,
  type HybridAddress,
  type TcpAddress,
  type UnixAddress,
  type VsockAddress,
} from './address';
export { connect, type ConnectOptions } from './connect';
export { checkVsock } from './check-vsock';
export { listen, type ListenOptions } from './listen';
export { SocketError } from './linux/socket-error';

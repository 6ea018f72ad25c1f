export type AddressErrorCode =
  | 'ERR_ADDRESS_SCHEME' // not vsock:, unix:, tcp: or hybrid:
  | 'ERR_ADDRESS_PORT' // no decimal port of the right range
  | 'ERR_ADDRESS_CID' // no usable context id, or none where one is needed
  | 'ERR_ADDRESS_HOST' // neither IPv4, nor [IPv6], nor localhost
  | 'ERR_ADDRESS_PATH'; // empty, too long for a sockaddr_un, or with a NUL

/** An address that cannot be read or used. `code` is stable; the message says the rule. */
export class AddressError extends Error {
  override readonly name = 'AddressError';

  constructor(
    readonly code: AddressErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Connecting or listening failed. `code` is the operating system's name (`ECONNREFUSED`, `ETIMEDOUT`, `ENOENT`, `EADDRINUSE`, `EACCES`,
 * `ENODEV`, ...), `ABORT_ERR` after the caller's signal, or `ERR_VSOCK_UNAVAILABLE` if this platform or this version of Node has no
 * AF_VSOCK.
 */
export class SocketError extends Error {
  override readonly name = 'SocketError';

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${message}`, options);
  }

  /** Turns any error of Node's net into a SocketError. */
  static from(error: unknown, doing: string): SocketError {
    if (error instanceof SocketError) return error;
    const code = systemCode(error) ?? 'EUNKNOWN';
    return new SocketError(code, doing, { cause: error });
  }
}

/** Returns the `code` of an error of Node. Checks only the shape, because an error may be of another realm. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}

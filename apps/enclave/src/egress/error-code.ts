/** The `code` of whatever was thrown, or the empty text. Not by instanceof: errors of Node's core may come from another realm. */
export function errorCode(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : '';
}

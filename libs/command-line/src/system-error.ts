/** Whether this is an error of the operating system. Checks its members and not its class, because jest runs tests in another realm. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return (
    typeof error === 'object' &&
    error !== null &&
    'syscall' in error &&
    typeof error.syscall === 'string' &&
    'code' in error &&
    typeof error.code === 'string' &&
    'message' in error
  );
}

/** Whether this is an error of the operating system. */
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

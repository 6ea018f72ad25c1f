/** Prisma's codes: the database is unreachable, does not exist or refuses access, a connection was lost, or no connection is free. */
const PRISMA_CODES = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
]);
const ADAPTER_KINDS = new Set([
  'DatabaseNotReachable',
  'DatabaseDoesNotExist',
  'DatabaseAccessDenied',
  'ConnectionClosed',
  'TlsConnectionError',
  'AuthenticationFailed',
  'TooManyConnections',
  'SocketTimeout',
  'TransactionAlreadyClosed',
]);
/** SQLSTATE classes 08 (connection), 53 (resources), 57P (operator intervention), 25006 (read-only: a standby), 57014 (time-out). */
const SQL_STATES = /^(08...|53...|57P..|25006|57014)$/;
const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
/** Errors that pg reports only by message text. */
const WORDS =
  /Connection terminated|Client has encountered a connection error|Query read timeout|Cannot use a pool after calling end/;

/** pg's message when no connection of the pool became free in time. */
const POOL_IN_USE = /timeout exceeded when trying to connect/;

export function isPoolExhausted(error: unknown): boolean {
  return anyCause(error, (cause) => POOL_IN_USE.test(textAt(cause, 'message')));
}

/** Whether a thrown value means that the database cannot be reached now, so that a later attempt may succeed. */
export function isDatabaseUnreachable(error: unknown): boolean {
  return anyCause(error, (cause) => {
    const code = textAt(cause, 'code');
    if (PRISMA_CODES.has(code) || SYSTEM_CODES.has(code) || ADAPTER_KINDS.has(textAt(cause, 'kind'))) return true;
    return (
      SQL_STATES.test(textAt(cause, 'originalCode')) || SQL_STATES.test(code) || WORDS.test(textAt(cause, 'message'))
    );
  });
}

/** Whether PostgreSQL rolled back because of a deadlock or a serialization failure. The caller may run the transaction again. */
export function isWriteConflict(error: unknown): boolean {
  return anyCause(
    error,
    (cause) =>
      textAt(cause, 'code') === 'P2034' ||
      textAt(cause, 'kind') === 'TransactionWriteConflict' ||
      /^(40001|40P01)$/.test(textAt(cause, 'originalCode')) ||
      /^(40001|40P01)$/.test(textAt(cause, 'code')),
  );
}

/**
 * Whether the error or one of its causes matches. Prisma wraps the driver's error in `meta.driverAdapterError`; the driver's error has its
 * own `cause`.
 */
function anyCause(error: unknown, matches: (cause: object) => boolean): boolean {
  let here = error;
  for (let depth = 0; depth < 8 && typeof here === 'object' && here !== null; depth++) {
    if (matches(here)) return true;
    const meta: unknown = 'meta' in here ? here.meta : undefined;
    const adapterError: unknown =
      typeof meta === 'object' && meta !== null && 'driverAdapterError' in meta ? meta.driverAdapterError : undefined;
    here = adapterError ?? ('cause' in here ? here.cause : undefined);
  }
  return false;
}

function textAt(value: object, key: string): string {
  const found: unknown = (value as Record<string, unknown>)[key];
  return typeof found === 'string' ? found : '';
}

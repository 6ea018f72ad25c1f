/** Returns the first `code` of an error and its causes that looks like `ECONNREFUSED` or `28P01`. */
export function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth += 1) {
    if ('code' in at && typeof at.code === 'string' && /^[A-Z0-9_]{1,64}$/.test(at.code)) return at.code;
    if ('errors' in at && Array.isArray(at.errors) && at.errors.length > 0) at = at.errors[0];
    else at = 'cause' in at ? at.cause : undefined;
  }
  return undefined;
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EACCES',
  'EPERM',
  'UND_ERR_SOCKET',
]);

export const isUnreachable = (error: unknown): boolean => UNREACHABLE.has(codeOf(error) ?? '');

/** Whether a time limit of a library or of the system ended the request. */
export const ranOutOfTime = (error: unknown): boolean =>
  /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/.test(codeOf(error) ?? '') ||
  textIn(error, 'name') === 'TimeoutError' ||
  /^(timeout expired|Query read timeout)$/.test(messageOf(error)); // pg

export const isCertificateCode = (code: string): boolean =>
  /^(CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(VERIFY|GET)|INVALID_CA|HOSTNAME_MISMATCH)/.test(code);

/** Describes an unexpected error by its name and code. Its text may contain secrets. */
export function nameOf(error: unknown): string {
  const name = /^[A-Za-z0-9]{1,64}$/.exec(textIn(error, 'name'))?.[0] ?? 'error';
  const code = codeOf(error);
  return code === undefined ? name : `${name} ${code}`;
}

/** The error's message. Print it only if this program made the error, because other messages may contain secrets. */
export const messageOf = (error: unknown): string => textIn(error, 'message');

/** Works without instanceof, because an error may come from another realm. */
function textIn(error: unknown, field: 'name' | 'message'): string {
  const value: unknown =
    typeof error === 'object' && error !== null && field in error ? Reflect.get(error, field) : undefined;
  return typeof value === 'string' ? value : '';
}

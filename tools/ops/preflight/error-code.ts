/** The `code` of an error or of its cause (`ECONNREFUSED`, `28P01`, ...); undefined if there is none in this form. */
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

/** Whether a time limit of a library or of the system ended the request, because the server or this machine is slow. */
export const ranOutOfTime = (error: unknown): boolean =>
  /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/.test(codeOf(error) ?? '') ||
  textIn(error, 'name') === 'TimeoutError' ||
  /^(timeout expired|Query read timeout)$/.test(messageOf(error)); // pg

/** Whether the code means that the certificate or its chain was not accepted. */
export const isCertificateCode = (code: string): boolean =>
  /^(CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(VERIFY|GET)|INVALID_CA|HOSTNAME_MISMATCH)/.test(code);

/** Describes an unexpected error by its class and code, never by its text. */
export function nameOf(error: unknown): string {
  const name = /^[A-Za-z0-9]{1,64}$/.exec(textIn(error, 'name'))?.[0] ?? 'error';
  const code = codeOf(error);
  return code === undefined ? name : `${name} ${code}`;
}

/** The error's message. Use it for decisions. Print it only for this program's own errors, because others may contain secrets. */
export const messageOf = (error: unknown): string => textIn(error, 'message');

/** Reads a field of an error without instanceof, because errors of other realms occur too. */
function textIn(error: unknown, field: 'name' | 'message'): string {
  const value: unknown =
    typeof error === 'object' && error !== null && field in error ? Reflect.get(error, field) : undefined;
  return typeof value === 'string' ? value : '';
}

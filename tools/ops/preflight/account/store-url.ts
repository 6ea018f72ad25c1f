export interface UrlProblem {
  readonly found: string;
  readonly todo: string;
}

const SCHEMES = { postgresql: ['postgresql:', 'postgres:'], redis: ['redis:', 'rediss:'] } as const;

/**
 * Returns what is wrong with the URL of a store, in words that contain no part of the URL.
 * @param mayBeLocal whether a server on this machine needs no TLS
 */
export function judgeStoreUrl(kind: 'postgresql' | 'redis', text: string, mayBeLocal: boolean): UrlProblem | undefined {
  const url = URL.parse(text);
  const schemes: readonly string[] = SCHEMES[kind];
  if (url === null || !schemes.includes(url.protocol))
    return { found: `is not a ${kind} URL`, todo: 'percent-encode what is not a letter or digit in its password' };
  if (mayBeLocal && isLocal(url)) return undefined;
  if (kind === 'redis')
    return url.protocol === 'rediss:'
      ? undefined
      : { found: 'has no TLS: the password would cross the network in the clear', todo: 'take rediss://' };
  const mode = url.searchParams.get('sslmode');
  if (mode === 'verify-full') return undefined;
  return {
    found: mode === null ? 'asks for no TLS' : 'does not ask for a verified certificate',
    todo: 'add sslmode=verify-full (and sslrootcert=<file> if the server’s authority is not a public one)',
  };
}

/** Whether the URL leads to this machine, by address or by socket. */
export const isLocal = (url: URL): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|\[::1\])?$/.test(url.hostname) || (url.searchParams.get('host') ?? '').startsWith('/');

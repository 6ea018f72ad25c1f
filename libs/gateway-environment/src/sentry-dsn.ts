/** Where the gateway sends error reports. */
export interface SentryDsn {
  readonly endpoint: string;
  /** The project's public client key, which gives only the right to send reports. */
  readonly publicKey: string;
}

const PUBLIC_KEY = /^[A-Za-z0-9_-]{1,64}$/;
const PATH = /^((?:\/[A-Za-z0-9._~-]{1,64}){0,4})\/([0-9]{1,19})$/;

/**
 * Reads `https://<public key>@<host>[:<port>][/<path>]/<project id>`. The endpoint is
 * `https://<host>[:<port>][/<path>]/api/<project id>/envelope/`. Returns undefined for any other text.
 */
export function parseSentryDsn(text: string): SentryDsn | undefined {
  const url = URL.parse(text);
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    !PUBLIC_KEY.test(url.username) ||
    url.password !== '' ||
    /[?#]/.test(text)
  )
    return undefined;
  const [, path, project] = PATH.exec(url.pathname) ?? [];
  if (path === undefined || project === undefined) return undefined;
  return { endpoint: `${url.origin}${path}/api/${project}/envelope/`, publicKey: url.username };
}

/** Whether requests to this address would cross a network unencrypted. */
export function isUnencryptedRemote({ endpoint }: Pick<SentryDsn, 'endpoint'>): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return (
    protocol === 'http:' &&
    hostname !== 'localhost' &&
    hostname !== '[::1]' &&
    !/^127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/.test(hostname)
  );
}

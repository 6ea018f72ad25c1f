import { parseAddress } from '@communique-tee/vsock';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export interface GatewayEnvironment {
  /** `.env`, or `.env.example` if there is no `.env`. */
  readonly file: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Reads the gateway's environment from the file. `own` overrides the variables that `.env.example` names. */
export function readEnvironment(root: string, own: NodeJS.ProcessEnv): GatewayEnvironment {
  const file = existsSync(join(root, '.env')) ? '.env' : '.env.example';
  const documented = readFileSync(join(root, '.env.example'), 'utf8').matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm);
  const names = [...documented].flatMap(([, name]) => (name === undefined ? [] : [name]));
  const given = names.flatMap((name) => {
    const value = own[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { file, values: { ...fileValues(join(root, file)), ...Object.fromEntries(given) } };
}

const fileValues = (file: string) =>
  Object.fromEntries(
    Object.entries(parseEnv(readFileSync(file, 'utf8'))).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );

export interface DatabasePlace {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly name: string;
}

/** Reads DATABASE_URL. @throws Error for people if it names another machine, or lacks the user, the password or the database's name */
export function databasePlace(values: GatewayEnvironment['values']): DatabasePlace {
  const url = URL.parse(values['DATABASE_URL'] ?? '');
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) throw new Error('DATABASE_URL is not a PostgreSQL URL');
  if (!['127.0.0.1', 'localhost'].includes(url.hostname))
    throw new Error(`DATABASE_URL names a server on ${url.hostname}: add --without postgres to use it`);
  const place = {
    port: Number(url.port === '' ? '5432' : url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    name: decodeURIComponent(url.pathname.slice(1)),
  };
  if (place.user === '' || place.password === '' || place.name === '')
    throw new Error('DATABASE_URL must contain a user, a password and the name of a database');
  return place;
}

/** Returns where the development enclave listens. @throws Error for people if that is not a TCP address */
export function enclaveAddress(values: GatewayEnvironment['values']): { readonly text: string; readonly port: number } {
  const text = values['ENCLAVE_URL'] ?? values['TEE_ENDPOINT'] ?? '';
  const address = parseAddress(text);
  if (address.kind !== 'tcp')
    throw new Error(`the enclave on the mock NSM listens on TCP: set TEE_ENDPOINT=tcp:127.0.0.1:<port>, not ${text}`);
  return { text, port: address.port };
}

/** Returns the port of the identity provider that AUTH_ISSUER names. @throws Error for people if it is not on 127.0.0.1 */
export function identityPort(values: GatewayEnvironment['values']): number {
  const port = /^http:\/\/127\.0\.0\.1:([1-9]\d{0,4})$/.exec(values['AUTH_ISSUER'] ?? '')?.[1];
  if (port === undefined)
    throw new Error(
      'AUTH_ISSUER must be http://127.0.0.1:<port> for the identity provider that npm run dev starts; --without identity leaves it out',
    );
  return Number(port);
}

/** Whether this process cannot listen on this port of 127.0.0.1. */
export function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(true);
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      probe.close(() => {
        resolve(false);
      });
    });
  });
}

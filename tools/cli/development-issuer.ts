import { IdentityError, keptSigningKey, writeWhole, type SigningKey } from '@communique-tee/identity-simulator/keys';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import { Failure, messageOf } from './failure';
import { readJsonFile, readText } from './files';

const MAX_BYTES = 256 * 1024;

const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(99),
});

/** The settings by which a development gateway decides who may call it. */
export interface DevelopmentIdentity {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksFile: string;
  /** The file with our private key. */
  readonly keyFile: string;
}

/**
 * Reads the settings of a development gateway. Its key set must be in a file on this machine.
 * @param file the gateway's environment, NAME=value lines
 * @param own the environment of this process
 * @throws Failure `file_unreadable`, `not_development`, `not_understood`
 */
export function readIdentity(file: string, own: Readonly<Record<string, string | undefined>>): DevelopmentIdentity {
  const variables = parseEnv(readText(file, MAX_BYTES));
  if (own['NODE_ENV'] === 'production')
    throw new Failure('not_development', 'NODE_ENV is production here: this command makes tokens only for development');
  if (variables['NODE_ENV'] !== 'development')
    throw new Failure(
      'not_development',
      `${file} is not the environment of a gateway for development (NODE_ENV=development)`,
    );
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_FILE: jwks } = variables;
  if (variables['AUTH_JWKS_URL'] !== undefined)
    throw new Failure(
      'not_development',
      `the gateway of ${file} has an identity provider (AUTH_JWKS_URL): ask the provider for a token`,
    );
  if (!issuer || !audience || !jwks)
    throw new Failure('not_understood', `${file} names no AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS_FILE`);
  return { issuer, audience, jwksFile: resolve(jwks), keyFile: join(dirname(resolve(file)), 'token-key.json') };
}

export interface DevelopmentToken {
  readonly token: string;
  readonly expiresAtSeconds: number;
  /** Whether this call added our key. Then the gateway has not read it yet. */
  readonly keyIsNew: boolean;
}

/**
 * Signs a token with the key in `keyFile`. Adds the public key to the gateway's key set if the set does not have it.
 * @throws Failure `not_understood`, `file_unreadable`, `file_unwritable`
 */
export async function issueToken(
  { issuer, audience, jwksFile, keyFile }: DevelopmentIdentity,
  subject: string,
  lifetimeSeconds: number,
): Promise<DevelopmentToken> {
  const key = await signingKey(keyFile);
  const keyIsNew = await addPublicKey(jwksFile, key.publicJwk);
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + lifetimeSeconds;
  const token = await key.sign('at+jwt', { iss: issuer, aud: audience, sub: subject }, lifetimeSeconds);
  return { token, expiresAtSeconds, keyIsNew };
}

async function signingKey(file: string): Promise<SigningKey> {
  try {
    return await keptSigningKey(file);
  } catch (cause) {
    if (cause instanceof IdentityError) throw new Failure('not_understood', cause.message, cause);
    throw new Failure('file_unwritable', `${file} cannot be used: ${messageOf(cause)}`, cause);
  }
}

/** @returns true if the key was not in the file */
async function addPublicKey(file: string, key: SigningKey['publicJwk']): Promise<boolean> {
  const parsed = keySetSchema.safeParse(readJsonFile(file, MAX_BYTES));
  if (!parsed.success) throw new Failure('not_understood', `${file} is not a key set`);
  const { keys } = parsed.data;
  if (keys.some(({ kid }) => kid === key.kid)) return false;
  try {
    await writeWhole(file, { keys: [...keys, key] }, 0o644);
  } catch (cause) {
    throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
  }
  return true;
}

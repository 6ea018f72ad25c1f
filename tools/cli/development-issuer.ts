import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { existsSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import { Failure, messageOf } from './failure';
import { readJsonFile, readText } from './files';

const MAX_BYTES = 256 * 1024;

const privateKeySchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
});
const keySetSchema = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(99),
});

/** What a development gateway's environment says of who may call it. */
export interface DevelopmentIdentity {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksFile: string;
  /** Where the private half of our key is kept. */
  readonly keyFile: string;
}

/**
 * Only where the gateway itself says that it is one for development, with its key set in a file of this machine.
 * @param file the gateway's environment, NAME=value lines
 * @throws Failure `file_unreadable`, `not_development`, `not_understood`
 */
export function readIdentity(file: string, own: Readonly<Record<string, string | undefined>>): DevelopmentIdentity {
  const variables = parseEnv(readText(file, MAX_BYTES));
  if (own['NODE_ENV'] === 'production')
    throw new Failure('not_development', 'NODE_ENV is production here: tokens are made for development alone');
  if (variables['NODE_ENV'] !== 'development')
    throw new Failure('not_development', `${file} is not that of a gateway for development (NODE_ENV=development)`);
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_FILE: jwks } = variables;
  if (variables['AUTH_JWKS_URL'] !== undefined)
    throw new Failure(
      'not_development',
      `the gateway of ${file} has an identity provider (AUTH_JWKS_URL): ask that for a token`,
    );
  if (!issuer || !audience || !jwks)
    throw new Failure('not_understood', `${file} names no AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS_FILE`);
  return { issuer, audience, jwksFile: resolve(jwks), keyFile: join(dirname(resolve(file)), 'token-key.json') };
}

export interface DevelopmentToken {
  readonly token: string;
  readonly expiresAtSeconds: number;
  /** The gateway has not seen our key yet. */
  readonly keyIsNew: boolean;
}

/** Signs with a key of our own, whose public half is added to the gateway's key set where it is not there. @throws Failure by code */
export async function issueToken(
  { issuer, audience, jwksFile, keyFile }: DevelopmentIdentity,
  subject: string,
  lifetimeSeconds: number,
): Promise<DevelopmentToken> {
  const jwk = existsSync(keyFile) ? readKey(keyFile) : await createKey(keyFile);
  const kid = await calculateJwkThumbprint(jwk);
  const keyIsNew = addPublicKey(jwksFile, { kty: jwk.kty, crv: jwk.crv, x: jwk.x, kid, alg: 'Ed25519', use: 'sig' });
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + lifetimeSeconds;
  const token = await new SignJWT()
    .setProtectedHeader({ alg: 'Ed25519', kid, typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime(expiresAtSeconds)
    .sign(await importJWK(jwk, 'Ed25519'));
  return { token, expiresAtSeconds, keyIsNew };
}

type PrivateKey = z.infer<typeof privateKeySchema>;

function readKey(file: string): PrivateKey {
  if ((statSync(file).mode & 0o077) !== 0)
    throw new Failure('not_understood', `${file} can be read by others: remove it, and a new key is made`);
  const parsed = privateKeySchema.safeParse(readJsonFile(file, MAX_BYTES));
  if (!parsed.success)
    throw new Failure('not_understood', `${file} is not the key that was kept there: remove it, and a new one is made`);
  return parsed.data;
}

async function createKey(file: string): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair('Ed25519', { extractable: true });
  const key = privateKeySchema.parse(await exportJWK(privateKey));
  write(file, key, 0o600);
  return key;
}

/** @returns whether it was not there before */
function addPublicKey(file: string, key: JWK): boolean {
  const parsed = keySetSchema.safeParse(readJsonFile(file, MAX_BYTES));
  if (!parsed.success) throw new Failure('not_understood', `${file} is no key set`);
  const { keys } = parsed.data;
  if (keys.some(({ kid }) => kid === key.kid)) return false;
  write(file, { keys: [...keys, key] }, 0o644);
  return true;
}

/** Whole or not at all: the gateway reads the key set whenever its date changes. */
function write(file: string, value: object, mode: number): void {
  const temporary = `${file}.${String(process.pid)}`;
  try {
    writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { mode, flag: 'wx' });
    renameSync(temporary, file);
  } catch (cause) {
    throw new Failure('file_unwritable', `${file} cannot be written: ${messageOf(cause)}`, cause);
  }
}

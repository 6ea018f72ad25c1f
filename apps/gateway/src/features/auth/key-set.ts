import { createPublicKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ProtocolError, decodeJson } from '@communique-tee/protocol';
import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose';
import type { Logger } from '../../core/telemetry/logger';

/** Far above the set of a large provider, which has about 10 KB. */
export const MAX_KEY_SET_BYTES = 256 * 1024;
const MAX_KEYS = 100;
/** Members that only a private or a secret key has (RFC 7518 sections 6.2.2, 6.3.2, 6.4.1). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The keys of a JWK Set (RFC 7517 section 5) that can verify a token here. */
export interface KeySet {
  readonly keys: readonly JWK[];
  /** One text for each key that is left out: its place in the set, and the reason. Contains no part of a key. */
  readonly leftOut: readonly string[];
}

/**
 * Reads a set and leaves out keys that cannot verify a token here. A reader must ignore keys that it does not understand (RFC 7517 section
 * 5). If one such key made the whole set invalid, the gateway would keep the previous set, and with it a key that the issuer has withdrawn.
 * @throws KeySetError if the text is not a set; the error does not quote the text
 */
export function parseKeySet(bytes: Uint8Array): KeySet {
  let value: unknown;
  try {
    if (bytes.length > MAX_KEY_SET_BYTES) throw new KeySetError(`has more than ${String(MAX_KEY_SET_BYTES)} bytes`);
    value = decodeJson(bytes);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new KeySetError(`cannot be read: ${error.message}`);
  }
  const members = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  if (!Array.isArray(members)) throw new KeySetError('must be a JWK Set: {"keys": [...]}');
  if (members.length > MAX_KEYS) throw new KeySetError(`has more than ${String(MAX_KEYS)} keys`);
  const keys: JWK[] = [];
  const leftOut: string[] = [];
  for (const [at, member] of members.entries()) {
    const reason = unusable(member);
    if (reason === undefined) keys.push(member as JWK);
    else leftOut.push(`key ${String(at + 1)} ${reason}`);
  }
  return { keys, leftOut };
}

/** Returns a function that finds a token's key in the set. Logs which keys were left out. */
export function finderOf({ keys, leftOut }: KeySet, logger: Logger): JWTVerifyGetKey {
  if (leftOut.length > 0)
    logger.warn({ count: leftOut.length }, `keys of the key set are left out: ${leftOut.join('; ')}`);
  return createLocalJWKSet({ keys: [...keys] });
}

function unusable(member: unknown): string | undefined {
  if (typeof member !== 'object' || member === null || Array.isArray(member)) return 'is no JSON object';
  const jwk = member as Record<string, unknown>;
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name)))
    return 'has a private part: take it out of the set, and let the issuer replace the key';
  if (jwk['kty'] !== 'OKP' && jwk['kty'] !== 'EC' && jwk['kty'] !== 'RSA')
    return 'is of a kind (kty) that is not used here';
  if (!isToVerify(jwk)) return 'is not for verifying signatures alone (use, key_ops)';
  try {
    createPublicKey({ key: jwk, format: 'jwk' });
    return undefined;
  } catch {
    return 'is no key of its kind, or of a curve that is not used here';
  }
}

/**
 * Whether `use` and `key_ops`, if present, allow only verifying (RFC 7517 sections 4.2 and 4.3). With any other key jose would refuse every
 * token, and log nothing.
 */
function isToVerify({ use, key_ops: operations }: Record<string, unknown>): boolean {
  return (
    (use === undefined || use === 'sig') && (operations === undefined || isDeepStrictEqual(operations, ['verify']))
  );
}

/** Why a text is no usable set, worded as the end of a sentence that starts with the name of the set. */
export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

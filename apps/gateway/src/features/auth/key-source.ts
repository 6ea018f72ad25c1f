import { readFile, stat } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet } from 'jose';
import * as z from 'zod';
import type { GatewayConfig } from '../../core/config/gateway-config';
import type { Logger } from '../../core/telemetry/logger';
import { openKeySetByUrl } from './key-set-by-url';
import type { KeySource } from './token-verifier';

/** How long a file's date is believed before it is looked at again. */
const RECHECK_MS = 1000;

export async function openKeySource(jwks: GatewayConfig['auth']['jwks'], logger: Logger): Promise<KeySource> {
  return 'url' in jwks ? openKeySetByUrl(jwks, logger) : openFile(jwks.file, logger);
}

/** Read at start, where a bad file stops the start, and again when its date changes; then a bad file is reported and the old keys stay. */
async function openFile(path: string, logger: Logger): Promise<KeySource> {
  let { modifiedAtMs, keys } = await load(path);
  let checkedAtMs = performance.now();
  let number = 1;
  return {
    async current() {
      if (performance.now() - checkedAtMs < RECHECK_MS) return number;
      checkedAtMs = performance.now();
      try {
        if ((await stat(path)).mtimeMs !== modifiedAtMs) {
          ({ modifiedAtMs, keys } = await load(path));
          number++;
          logger.info({}, 'the key set file was read again');
        }
      } catch (error) {
        logger.error({ err: error }, 'the key set file cannot be read: the keys read before stay in use');
      }
      return number;
    },
    find: (header, token) => keys(header, token),
  };
}

async function load(path: string) {
  const { mtimeMs: modifiedAtMs } = await stat(path);
  return { modifiedAtMs, keys: createLocalJWKSet(parseKeySet(await readFile(path, 'utf8'))) };
}

const publicKey = z.looseObject({
  kty: z.enum(['OKP', 'EC', 'RSA']),
  d: z.undefined().optional(),
  k: z.undefined().optional(),
});
const keySetSchema = z.looseObject({ keys: z.array(publicKey).min(1).max(100) });

/** @throws Error without the content, for anything but a set of public keys */
export function parseKeySet(text: string): JSONWebKeySet {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KeySetError('the key set is not JSON');
  }
  const parsed = keySetSchema.safeParse(value);
  if (!parsed.success) throw new KeySetError('the key set must hold public keys (OKP, EC or RSA) and nothing secret');
  return value as JSONWebKeySet;
}

export class KeySetError extends Error {
  override readonly name = 'KeySetError';
}

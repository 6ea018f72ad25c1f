import { hash } from 'node:crypto';
import type { CallerIdentity } from './caller';

/** A cached token is used this long; then it is verified again. */
const LASTS_MS = 60_000;
/** About 400 bytes each; when full, the oldest entry is dropped. */
const MAX_TOKENS = 4096;

/** A token whose signature and claims are good, and the times in its claims (seconds since 1970). */
export interface VerifiedToken {
  readonly caller: CallerIdentity;
  readonly notBefore: number | undefined;
  readonly expiresAt: number;
}

/**
 * A cache of verified tokens, keyed by the SHA-256 of the token. A check of a signature costs a tenth of a millisecond, a look-up a few
 * microseconds. The cache belongs to one key set and is emptied when the set changes. Only valid tokens are kept, so every invalid one is
 * verified again.
 */
export class VerifiedTokens {
  private readonly kept = new Map<string, VerifiedToken & { readonly untilMs: number }>();
  private keySet: number | undefined;

  /** @param clockSkewSeconds the same as for the verification, because each use checks the times */
  constructor(private readonly clockSkewSeconds: number) {}

  /** @param keySet the number of the key set in use */
  find(token: string, keySet: number): CallerIdentity | undefined {
    if (this.keySet !== keySet) this.kept.clear();
    this.keySet = keySet;
    const name = nameOf(token);
    const found = this.kept.get(name);
    if (found === undefined) return undefined;
    if (performance.now() < found.untilMs && this.isInTime(found)) return found.caller;
    this.kept.delete(name);
    return undefined;
  }

  /** @param keySet the number of the key set before the verification; if another set is in use now, the token is not kept */
  keep(token: string, keySet: number, verified: VerifiedToken): void {
    if (this.keySet !== keySet) return;
    const name = nameOf(token);
    this.kept.delete(name);
    const [oldest] = this.kept.size >= MAX_TOKENS ? this.kept.keys() : [];
    if (oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(name, { ...verified, untilMs: performance.now() + LASTS_MS });
  }

  /** Applies the same rule as the verification (RFC 7519 sections 4.1.4 and 4.1.5). */
  private isInTime({ notBefore, expiresAt }: VerifiedToken): boolean {
    const now = Math.floor(Date.now() / 1000);
    return (
      expiresAt > now - this.clockSkewSeconds && (notBefore === undefined || notBefore <= now + this.clockSkewSeconds)
    );
  }
}

/** Returns a hash as the key of an entry, so that the cache holds no token. */
function nameOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

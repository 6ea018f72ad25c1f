import { hash } from 'node:crypto';
import type { CallerIdentity } from './caller';

/** One token is checked anew so often at least. */
const LASTS_MS = 60_000;
/** About 400 bytes each; the oldest goes where there is no room. */
const MAX_TOKENS = 4096;

/** A token whose signature and claims were found good, and when by its own word it is (seconds since 1970). */
export interface VerifiedToken {
  readonly caller: CallerIdentity;
  readonly notBefore: number | undefined;
  readonly expiresAt: number;
}

/**
 * What was verified a moment ago, by the SHA-256 of the token: a check of a signature costs a tenth of a millisecond, a look here a
 * few microseconds. Good for the very key set that it was verified with: with another one, all is forgotten. Only good tokens are
 * kept, so that what is refused is found out each time.
 */
export class VerifiedTokens {
  private readonly kept = new Map<string, VerifiedToken & { readonly untilMs: number }>();
  private keySet: number | undefined;

  /** @param clockSkewSeconds as of the verification: times are looked at with each use */
  constructor(private readonly clockSkewSeconds: number) {}

  /** @param keySet the number of the key set that counts now */
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

  /** @param keySet the number of the key set that counted before it was verified; where another one counts now, it is not kept */
  keep(token: string, keySet: number, verified: VerifiedToken): void {
    if (this.keySet !== keySet) return;
    const name = nameOf(token);
    this.kept.delete(name);
    const [oldest] = this.kept.size >= MAX_TOKENS ? this.kept.keys() : [];
    if (oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(name, { ...verified, untilMs: performance.now() + LASTS_MS });
  }

  /** As the verification itself judges (RFC 7519 sections 4.1.4 and 4.1.5). */
  private isInTime({ notBefore, expiresAt }: VerifiedToken): boolean {
    const now = Math.floor(Date.now() / 1000);
    return (
      expiresAt > now - this.clockSkewSeconds && (notBefore === undefined || notBefore <= now + this.clockSkewSeconds)
    );
  }
}

/** A cache that keeps no token. */
function nameOf(token: string): string {
  return hash('sha256', token, 'base64url');
}

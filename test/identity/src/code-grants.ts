import { createHash, randomBytes } from 'node:crypto';
import type { AuthorizationRequest } from './authorization-request';

/** What a person who signed in granted to the client. */
export interface Grant extends AuthorizationRequest {
  readonly user: string;
}

const MAX_CODES = 1000;

/** Authorization codes: 256 random bits. Each is valid once and for a minute (RFC 6749 section 4.1.2). */
export class CodeGrants {
  private readonly grants = new Map<string, Grant & { readonly untilMs: number }>();

  constructor(private readonly lifetimeMs = 60_000) {}

  issue(grant: Grant): string {
    const [oldest] = this.grants.size >= MAX_CODES ? this.grants.keys() : [];
    if (oldest !== undefined) this.grants.delete(oldest);
    const code = randomBytes(32).toString('base64url');
    this.grants.set(code, { ...grant, untilMs: performance.now() + this.lifetimeMs });
    return code;
  }

  /**
   * Returns the grant of a code, and deletes the code even if the other values do not match, because a code that another client has seen
   * must not be used.
   * @returns undefined if the code is unknown, used or expired, or its client, address or verifier differs (RFC 7636 section 4.6)
   */
  redeem(code: string, clientId: string, redirectUri: string, verifier: string): Grant | undefined {
    const grant = this.grants.get(code);
    this.grants.delete(code);
    if (grant === undefined || performance.now() >= grant.untilMs) return undefined;
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return /^[A-Za-z0-9._~-]{43,128}$/.test(verifier) &&
      grant.clientId === clientId &&
      grant.redirectUri === redirectUri &&
      grant.challenge === challenge
      ? grant
      : undefined;
  }
}

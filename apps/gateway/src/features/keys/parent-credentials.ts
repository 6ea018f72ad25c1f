import type { HandedCredentials } from '@communique-tee/protocol';
import { Inject, Injectable } from '@nestjs/common';
import { Logger } from '../../core/telemetry/logger';

/** The result of the AWS SDK's chain of credential providers. */
export interface FoundCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}
/** With `forceRefresh`, the chain ignores its cache. */
export type FindCredentials = (options: { forceRefresh: boolean }) => Promise<FoundCredentials>;

/** Nest token of the function that finds credentials. */
export const FIND_CREDENTIALS = 'FIND_CREDENTIALS';

/** Credentials that expire within this time are renewed; they are still used until `USELESS_MS` before they expire. */
const REFRESH_MS = 10 * 60_000;
const USELESS_MS = 30_000;
/** The longest wait if EC2's metadata service does not answer. Usually it answers within a second. */
const TIMEOUT_MS = 10_000;
const RETRY_MS = 10_000;
const SHAPES = { accessKeyId: 128, secretAccessKey: 256, sessionToken: 8192 } as const;

/**
 * The credentials of the parent's role, for enclaves that send requests to KMS. No part of them is logged. Errors of the SDK are not passed
 * on, because their text may contain anything.
 */
@Injectable()
export class ParentCredentials {
  private last: { readonly credentials: HandedCredentials; readonly expiresMs: number } | undefined;
  private finding: Promise<void> | undefined;
  private triedAtMs = -Infinity;
  private failure: string | null = null;

  constructor(
    @Inject(FIND_CREDENTIALS) private readonly find: FindCredentials,
    private readonly logger: Logger,
  ) {}

  /**
   * Renews the credentials first if they expire soon. Never throws.
   * @returns null if no credentials are known that are valid for another half minute
   */
  async current(nowMs = Date.now()): Promise<HandedCredentials | null> {
    if (
      this.left(nowMs) < REFRESH_MS &&
      (this.finding !== undefined || performance.now() - this.triedAtMs >= RETRY_MS)
    ) {
      this.finding ??= this.refresh().finally(() => {
        this.finding = undefined;
      });
      await this.finding;
    }
    return this.left(nowMs) < USELESS_MS ? null : (this.last?.credentials ?? null);
  }

  private left(nowMs: number): number {
    return this.last === undefined ? -Infinity : this.last.expiresMs - nowMs;
  }

  private async refresh(): Promise<void> {
    this.triedAtMs = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'credentials_timeout'>((resolve) => {
      timer = setTimeout(() => {
        resolve('credentials_timeout');
      }, TIMEOUT_MS);
    });
    const found = this.find({ forceRefresh: this.last !== undefined }).then(
      handed,
      () => 'credentials_unavailable' as const,
    );
    const outcome = await Promise.race([found, late]);
    clearTimeout(timer);
    if (typeof outcome === 'string') {
      this.say(outcome);
      return;
    }
    this.last = { credentials: outcome, expiresMs: outcome.expires === null ? Infinity : outcome.expires * 1000 };
    this.say(null);
  }

  /** Logs only changes: a new failure, and the first success after a failure. */
  private say(failure: string | null): void {
    if (failure === this.failure) return;
    this.failure = failure;
    if (failure === null) this.logger.info({}, 'credentials for enclaves are found again');
    else this.logger.warn({ code: failure }, 'credentials for enclaves cannot be found');
  }
}

function handed(found: FoundCredentials): HandedCredentials | 'credentials_invalid' {
  for (const [name, maxLength] of Object.entries(SHAPES)) {
    const value = found[name as keyof typeof SHAPES];
    const isAbsent = value === undefined && name === 'sessionToken';
    if (!isAbsent && (typeof value !== 'string' || value.length > maxLength || !/^[\x21-\x7e]+$/.test(value)))
      return 'credentials_invalid';
  }
  const expires = found.expiration === undefined ? null : Math.floor(found.expiration.getTime() / 1000);
  if (expires !== null && !(Number.isSafeInteger(expires) && expires >= 0)) return 'credentials_invalid';
  return {
    access_key_id: found.accessKeyId,
    secret_access_key: found.secretAccessKey,
    session_token: found.sessionToken ?? null,
    expires,
  };
}

/** Returns the AWS SDK's chain. It loads the SDK at its first call, because the gateways of most tests never need the SDK. */
export function defaultChain(): FindCredentials {
  let provider: FindCredentials | undefined;
  return async (options) => {
    if (provider === undefined) {
      const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
      const chain = defaultProvider({ timeout: 2000, maxRetries: 1 });
      provider = ({ forceRefresh }) => chain({ forceRefresh });
    }
    return provider(options);
  };
}

import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Logger } from '../observability/logger';
import { AttestationJudge, type Judgement } from './attestation-judge';

export type MonitorState =
  | { readonly kind: 'starting' }
  /** The configuration switched verification off (never in production). */
  | { readonly kind: 'off' }
  | (Judgement & {
      /** Since the judgement, by a clock that is never set. */
      readonly ageMs: number;
    });

/** How soon the next look is taken, by what the last one saw: the NSM is spared, a wrong or absent enclave is noticed soon to be gone. */
const NEXT_CHECK_MS = { verified: 15_000, refused: 5000, unreachable: 1000 } as const;
/** A verification counts for so long: three looks may fail to happen, not more. */
const VERIFIED_FOR_MS = 60_000;

/**
 * Keeps an eye on which code runs in the enclave. Only while the last look verified it are messages relayed: a wrong enclave
 * gets none, though it could open none either.
 */
@Injectable()
export class AttestationMonitor implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private last: { readonly judgement: Judgement; readonly atMs: number } | undefined;
  private checking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly judge: AttestationJudge,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (this.judge.verifies) void this.checkNow();
    else this.logger.warn({}, 'attestation is not verified: verification is switched off');
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.checking;
  }

  state(): MonitorState {
    if (!this.judge.verifies) return { kind: 'off' };
    if (this.last === undefined) return { kind: 'starting' };
    return { ...this.last.judgement, ageMs: Math.round(performance.now() - this.last.atMs) };
  }

  /** Whether messages may be relayed now. */
  isTrusted(): boolean {
    const state = this.state();
    return state.kind === 'off' || (state.kind === 'verified' && state.ageMs < VERIFIED_FOR_MS);
  }

  /** Looks now; together with one that is under way already. */
  checkNow(): Promise<void> {
    if (this.stopped || !this.judge.verifies) return Promise.resolve();
    this.checking ??= this.check().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  /** Calls back when the enclave has become trusted. */
  onTrusted(listener: () => void): void {
    this.listeners.add(listener);
  }

  private async check(): Promise<void> {
    clearTimeout(this.timer);
    let judgement: Judgement;
    try {
      judgement = await this.judge.judge();
    } catch (error) {
      // Not the enclave's doing, so it is said loudly; but nothing was verified.
      this.logger.error({ err: error }, 'attestation could not be judged');
      judgement = { kind: 'refused', code: 'internal_error' };
    }
    this.note(judgement);
    if (!this.stopped) this.timer = setTimeout(() => void this.checkNow(), NEXT_CHECK_MS[judgement.kind]).unref();
  }

  private note(judgement: Judgement): void {
    const before = this.last?.judgement;
    this.last = { judgement, atMs: performance.now() };
    if (before?.kind === judgement.kind && codeOf(before) === codeOf(judgement)) return;
    if (judgement.kind === 'verified') {
      this.logger.info({ code: judgement.moduleId }, 'attestation verified');
      for (const listener of this.listeners) listener();
    } else if (judgement.kind === 'refused') {
      this.logger.error({ code: judgement.code }, 'attestation refused: nothing is relayed');
    } else {
      this.logger.warn({ code: judgement.code }, 'attestation cannot be asked for: nothing is relayed');
    }
  }
}

function codeOf(judgement: Judgement): string {
  return judgement.kind === 'verified' ? judgement.moduleId : judgement.code;
}

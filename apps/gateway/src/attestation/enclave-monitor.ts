import type { EnclaveClient } from '../enclave/enclave-client';
import type { Logger } from '../observability/logger';
import type { AttestationJudge, Judgement, KeyId } from './attestation-judge';

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

/** Keeps an eye on one enclave: whether it answers, which code runs in it, which key it holds. */
export class EnclaveMonitor {
  private last: { readonly judgement: Judgement; readonly atMs: number; readonly begunAtMs: number } | undefined;
  private checking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    /** Its place in the configuration, from 0. */
    readonly index: number,
    readonly client: EnclaveClient,
    private readonly judge: AttestationJudge,
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.judge.verifies) void this.checkNow();
    else this.logger.warn({}, 'attestation is not verified: verification is switched off');
  }

  async stop(): Promise<void> {
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

  /** The key that it attested, while it is trusted; null where that is not known. */
  keyId(): KeyId | null {
    return this.isTrusted() && this.last?.judgement.kind === 'verified' ? this.last.judgement.keyId : null;
  }

  /** Whether the last look got an answer, of whatever kind. */
  isUp(): boolean {
    return this.last !== undefined && this.last.judgement.kind !== 'unreachable';
  }

  /**
   * Makes sure of a look that began after this moment of `performance.now()`.
   * @returns false where there was none: the monitor has stopped
   */
  async lookSince(momentMs: number): Promise<boolean> {
    const isSince = () => this.last !== undefined && this.last.begunAtMs >= momentMs;
    // One that is under way may have begun before; the next one has not.
    for (let looks = 0; looks < 2 && !isSince(); looks++) await this.checkNow();
    return isSince();
  }

  /** Looks now; together with one that is under way already. */
  checkNow(): Promise<void> {
    if (this.stopped || !this.judge.verifies) return Promise.resolve();
    this.checking ??= this.check().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  /** Calls back when the enclave has become trusted, and when it holds another key. */
  onTrusted(listener: () => void): void {
    this.listeners.add(listener);
  }

  private async check(): Promise<void> {
    clearTimeout(this.timer);
    const begunAtMs = performance.now();
    let judgement: Judgement;
    try {
      judgement = await this.judge.judge(this.client);
    } catch (error) {
      // Not the enclave's doing, so it is said loudly; but nothing was verified.
      this.logger.error({ err: error }, 'attestation could not be judged');
      judgement = { kind: 'refused', code: 'internal_error' };
    }
    this.note(judgement, begunAtMs);
    if (!this.stopped) this.timer = setTimeout(() => void this.checkNow(), NEXT_CHECK_MS[judgement.kind]).unref();
  }

  private note(judgement: Judgement, begunAtMs: number): void {
    const before = this.last?.judgement;
    this.last = { judgement, atMs: performance.now(), begunAtMs };
    const component = `enclave-${String(this.index)}`;
    if (before?.kind === judgement.kind && codeOf(before) === codeOf(judgement)) return;
    if (judgement.kind === 'verified') {
      this.logger.info({ component, moduleId: judgement.moduleId }, 'attestation verified');
      for (const listener of this.listeners) listener();
    } else if (judgement.kind === 'refused') {
      this.logger.error({ component, code: judgement.code }, 'attestation refused: nothing is relayed to it');
    } else {
      this.logger.warn({ component, code: judgement.code }, 'attestation cannot be asked for: nothing is relayed to it');
    }
  }
}

function codeOf(judgement: Judgement): string {
  return judgement.kind === 'verified' ? `${judgement.moduleId} ${judgement.keyId}` : judgement.code;
}

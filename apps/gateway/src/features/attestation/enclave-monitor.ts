import { keyIdOf } from '@communique-tee/crypto';
import { PROCESS_CUSTODY, type PublicConfiguration, toHex } from '@communique-tee/protocol';
import type { EnclaveClient } from '../enclave/enclave-client';
import type { Logger } from '../../core/telemetry/logger';
import type { AttestationJudge, Judgement, KeyId } from './attestation-judge';
import type { ReportedKeys } from './reported-keys';

export type MonitorState =
  | { readonly kind: 'starting' }
  /** The configuration switched verification off (never in production). */
  | { readonly kind: 'off' }
  | (Judgement & {
      /** Time since the judgement, by a monotonic clock. */
      readonly ageMs: number;
    });

/**
 * Time from a check to the next one, by the result of the check. Checks of a verified enclave are rare, to spare the NSM. A check of an
 * unreachable one costs only a refused connection, and an enclave starts within half a second.
 */
const NEXT_CHECK_MS = { verified: 15_000, waiting: 1000, refused: 5000, unreachable: 200 } as const;
/** How long the gateway relies on a verification while no later check has a result. */
const VERIFIED_FOR_MS = 60_000;

/** Watches one enclave: whether it answers, which code runs in it, which keys it has. */
export class EnclaveMonitor {
  private last: { readonly judgement: Judgement; readonly atMs: number; readonly begunAtMs: number } | undefined;
  private checking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;
  private readonly listeners = new Set<() => void>();
  private readonly meetings = new Set<() => void>();
  private reported: ReportedKeys | null = null;
  private attestedLegacyKey: Uint8Array | null | undefined;
  private configuration: PublicConfiguration | undefined;

  constructor(
    /** The enclave's place in the configuration, from 0. */
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

  /** The id of the enclave's attested key; null if the enclave is not trusted or not verified. */
  keyId(): KeyId | null {
    return this.isTrusted() && this.last?.judgement.kind === 'verified' ? this.last.judgement.keyId : null;
  }

  /** The enclave's attested module id, which is new at each start; null if the enclave is not trusted or not verified. */
  moduleId(): string | null {
    return this.isTrusted() && this.last?.judgement.kind === 'verified' ? this.last.judgement.moduleId : null;
  }

  /**
   * The attested key of the legacy suite, 32 bytes, from the last verified check. Null if the document attested none; undefined if no check
   * verified the enclave, or the last document was refused.
   */
  legacyKey(): Uint8Array | null | undefined {
    return this.attestedLegacyKey;
  }

  /**
   * The configuration that the enclave attested when it was last verified; undefined if it was never verified, was refused since, or did
   * not serve its configuration.
   */
  attestedConfiguration(): PublicConfiguration | undefined {
    return this.configuration;
  }

  /** What the enclave last reported about its keys; null if that is not known. */
  keys(): ReportedKeys | null {
    return this.reported;
  }

  /** Whether messages may be relayed now, and the enclave has not reported that it waits for keys. */
  takesMessages(): boolean {
    return this.isTrusted() && this.reported?.state !== 'waiting';
  }

  /**
   * The ids of the keys whose messages this enclave gets: the attested key and those that it reports. Null if they are not known, or the
   * enclave takes no messages.
   */
  heldKeyIds(): readonly KeyId[] | null {
    if (!this.takesMessages()) return null;
    const attested = this.keyId();
    if (attested === null)
      return this.judge.verifies || !this.reported?.held
        ? null
        : [...this.reported.held, ...(this.reported.heldLegacy ?? [])];
    const legacy = this.attestedLegacyKey ? [toHex(keyIdOf(this.attestedLegacyKey))] : [];
    return [...new Set([attested, ...legacy, ...(this.reported?.held ?? []), ...(this.reported?.heldLegacy ?? [])])];
  }

  /**
   * Whether the enclave has per-process keys, or its custody is not known. Per-process keys cannot be restored, so the enclave's own report
   * decides which keys are gone.
   */
  keepsItsKeysAlone(): boolean {
    return [null, PROCESS_CUSTODY].includes(this.custody());
  }

  /** The custody of the enclave's keys, as attested, or as reported if there is no attestation; null if not known. */
  custody(): string | null {
    const judgement = this.last?.judgement;
    return (judgement?.kind === 'verified' ? judgement.custody : this.reported?.custody) ?? null;
  }

  /** Stores what the enclave reported about its keys; null if that is no longer known. */
  noteKeys(reported: ReportedKeys | null): void {
    const before = keysOf(this.reported);
    this.reported = reported;
    if (reported !== null && keysOf(reported) !== before) for (const listener of this.listeners) listener();
  }

  /** Whether the enclave must be verified before it is trusted; false only if verification is switched off. */
  get verifies(): boolean {
    return this.judge.verifies;
  }

  /** Whether the last check got an answer of any kind. */
  isUp(): boolean {
    return this.last !== undefined && this.last.judgement.kind !== 'unreachable';
  }

  /**
   * Waits for the end of a check that began at `momentMs` (`performance.now()`) or later.
   * @returns false if there was no such check, because the monitor has stopped
   */
  async checkSince(momentMs: number): Promise<boolean> {
    const isSince = () => this.last !== undefined && this.last.begunAtMs >= momentMs;
    // A running check may have begun before that moment; the next one has not.
    for (let checks = 0; checks < 2 && !isSince(); checks++) await this.checkNow();
    return isSince();
  }

  /** Checks now, or waits for the check that is under way. */
  checkNow(): Promise<void> {
    if (this.stopped || !this.judge.verifies) return Promise.resolve();
    this.checking ??= this.check().finally(() => {
      this.checking = undefined;
    });
    return this.checking;
  }

  /** Calls `listener` when the enclave becomes trusted, and when its keys change. */
  onTrusted(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Calls `listener` when a check reaches the enclave and finds a restart, or a result, module id or key unlike the last check's. */
  onMet(listener: () => void): void {
    this.meetings.add(listener);
  }

  private async check(): Promise<void> {
    clearTimeout(this.timer);
    const begunAtMs = performance.now();
    let judgement: Judgement;
    try {
      judgement = await this.judge.judge(this.client);
    } catch (error) {
      // The gateway failed, not the enclave. The enclave still counts as refused.
      this.logger.error({ err: error }, 'attestation could not be judged');
      judgement = { kind: 'refused', code: 'internal_error' };
    }
    this.note(judgement, begunAtMs);
    if (!this.stopped) this.timer = setTimeout(() => void this.checkNow(), NEXT_CHECK_MS[judgement.kind]).unref();
  }

  private note(judgement: Judgement, begunAtMs: number): void {
    const before = this.last?.judgement;
    this.last = { judgement, atMs: performance.now(), begunAtMs };
    // An enclave that is unreachable for a moment keeps what it attested.
    if (judgement.kind === 'verified') this.attestedLegacyKey = judgement.legacyKey ?? null;
    else if (judgement.kind === 'refused') this.attestedLegacyKey = undefined;
    if (judgement.kind === 'verified') this.configuration = judgement.configuration;
    else if (judgement.kind === 'refused') this.configuration = undefined;
    const component = `enclave-${String(this.index)}`;
    // The enclave had keys and now waits for them, so it was restarted between two checks.
    const isStartedAnew = judgement.kind === 'waiting' && this.reported?.state === 'ready';
    if (!isStartedAnew && before?.kind === judgement.kind && codeOf(before) === codeOf(judgement)) return;
    // The earlier report no longer applies: another enclave may be running now.
    this.reported = null;
    if (judgement.kind !== 'unreachable') for (const listener of this.meetings) listener();
    if (judgement.kind === 'verified') {
      this.logger.info({ component, moduleId: judgement.moduleId }, 'attestation verified');
      for (const listener of this.listeners) listener();
    } else if (judgement.kind === 'refused') {
      this.logger.error({ component, code: judgement.code }, 'attestation refused: nothing is relayed to it');
    } else if (judgement.kind === 'waiting') {
      this.logger.info({ component }, 'the enclave has no keys yet: nothing is relayed to it');
    } else {
      this.logger.warn(
        { component, code: judgement.code },
        'attestation cannot be asked for: nothing is relayed to it',
      );
    }
  }
}

function keysOf(reported: ReportedKeys | null): string {
  if (reported === null) return '';
  return `${reported.state} ${[...(reported.held ?? []), ...(reported.heldLegacy ?? [])].sort().join(' ')}`;
}

function codeOf(judgement: Judgement): string {
  return judgement.kind === 'verified' ? `${judgement.moduleId} ${judgement.keyId}` : judgement.code;
}

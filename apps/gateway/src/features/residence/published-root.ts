import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import {
  checkWindow,
  fetchRootNote,
  NOTE_GRACE_SECONDS,
  registrarOf,
  ResidenceListError,
  ResidenceNoteError,
  type RootNote,
} from '@communique-tee/residence';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Logger } from '../../core/telemetry/logger';
import { Metrics } from '../../core/telemetry/metrics';

const OUTCOMES = ['ok', 'absent', 'unreachable', 'refused', 'not_yet', 'ended', 'failed'] as const;
type Outcome = (typeof OUTCOMES)[number];

/**
 * Reads the registrar's root note where clients read it, at start and about every hour, so that the alarm about a root's end is also right
 * if few messages come. Metrics and the log depend on this note; readiness and the acceptance of proofs do not.
 */
@Injectable()
export class PublishedRoot implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** In milliseconds. Each pause is `everyMs` plus or minus up to a quarter of it at random, so that gateways do not read together. */
  readonly timing = { everyMs: 3_600_000, timeoutMs: 20_000 };
  private readonly reads;
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  private last: Outcome = 'ok';
  private notAfter: number | null = null;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'residence'>,
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.reads = metrics.counter(
      'communique_residence_root_reads_total',
      'Readings of the registrar’s root note by this process.',
      ['outcome'],
    );
    for (const outcome of OUTCOMES) this.reads.inc({ outcome }, 0);
  }

  onApplicationBootstrap(): void {
    if (this.config.residence.mode !== 'off') this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearTimeout(this.timer);
    this.stopping.abort();
    await this.reading;
  }

  /** Seconds until the registrar's roots that this process has read have all ended; null before it has read one. */
  secondsLeft(now: Date): number | null {
    return this.notAfter === null ? null : this.notAfter - Math.floor(now.getTime() / 1000);
  }

  private start(): void {
    this.reading = this.read().finally(() => {
      if (this.stopping.signal.aborted) return;
      this.timer = setTimeout(
        () => {
          this.start();
        },
        this.timing.everyMs * (0.75 + Math.random() / 2),
      ).unref();
    });
  }

  private async read(): Promise<void> {
    let outcome: Outcome;
    let cause: unknown;
    try {
      const note = await this.fetched();
      outcome = note === null ? 'absent' : 'ok';
      if (note !== null) this.see(note);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      [outcome, cause] = [outcomeOf(error), error];
    }
    this.reads.inc({ outcome });
    if (outcome !== this.last) this.tell(outcome, cause);
    this.last = outcome;
  }

  private async fetched(): Promise<RootNote | null> {
    const { residence } = this.config;
    if (residence.mode === 'off') return null;
    const published = await fetchRootNote(residence.files, registrarOf(residence.registrar, residence.keys), {
      signal: this.stopping.signal,
      deadlineMs: Date.now() + this.timing.timeoutMs,
    });
    return published?.note ?? null;
  }

  /**
   * Stores when the root ends, even if it has ended already: if it is the newest one, no client can make proofs.
   * @throws ResidenceNoteError if the note is not in force
   */
  private see(note: RootNote): void {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const hasBegun = note.notBefore <= nowSeconds + NOTE_GRACE_SECONDS;
    if (hasBegun) this.notAfter = Math.max(this.notAfter ?? 0, note.notAfter);
    checkWindow(note, nowSeconds);
  }

  private tell(outcome: Outcome, err: unknown): void {
    if (outcome === 'ok') this.logger.info({ outcome }, 'the registrar’s root can be read again');
    else this.logger.warn({ outcome, err }, 'the registrar’s root cannot be read or used');
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof ResidenceListError) return 'unreachable';
  if (!(error instanceof ResidenceNoteError)) return 'failed';
  if (error.code === 'ERR_RESIDENCE_NOTE_NOT_YET') return 'not_yet';
  return error.code === 'ERR_RESIDENCE_NOTE_ENDED' ? 'ended' : 'refused';
}

import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { MAX_RELAYS } from '../enclave/enclave-agent';
import { EnclaveKeys } from '../keys/enclave-keys';
import { Logger } from '../../core/telemetry/logger';
import { withRequestId } from '../../core/telemetry/request-context';
import { DeliveryAttempt } from './delivery-attempt';
import { DeliveryQueue, type Leasable } from './delivery-queue';
import { DeliverySignal } from './delivery-signal';
import type { LeasedJob } from './leased-job';
import { RelayPace } from './relay-pace';

/** How long a shutdown waits for running attempts before it aborts them. */
const GRACE_MS = 10_000;

/** An enclave, and the pace at which this worker relays to it. */
interface Lane {
  readonly enclave: EnclaveMonitor;
  readonly pace: RelayPace;
}

/** A lane that may get messages now. */
interface OpenLane {
  readonly lane: Lane;
  /** The keys whose messages it may lease. null: any key, because a sole enclave reports retired keys itself. */
  readonly keyIds: readonly string[] | null;
}

/** Keeps up to `delivery.concurrency` attempts running. README.md beside this file lists the guarantees. */
@Injectable()
export class DeliveryWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly name = randomUUID();
  private leases = 0;
  private turns = 0;
  private taken = 0;
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly abandoned = new AbortController();
  private loop: Promise<void> | undefined;
  private readonly lanes: readonly Lane[];
  /** When takeLeftover last found no job. */
  private nothingLeftAtMs = -Infinity;
  /** Whether takeUp left jobs in the queue for lack of room. */
  private isShortOfRoom = false;
  private woken = false;
  private wake: () => void = () => undefined;

  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: Pick<GatewayConfig, 'delivery'>,
    private readonly queue: DeliveryQueue,
    private readonly attempt: DeliveryAttempt,
    private readonly monitor: AttestationMonitor,
    private readonly keys: EnclaveKeys,
    private readonly signal: DeliverySignal,
    private readonly logger: Logger,
  ) {
    const most = Math.min(config.delivery.concurrency, MAX_RELAYS);
    this.lanes = monitor.enclaves.map((enclave) => ({ enclave, pace: new RelayPace(most) }));
  }

  /** For metrics: each enclave's limit of attempts, and how many run. In the order of the configuration. */
  paces(): { readonly limit: number; readonly underWay: number }[] {
    return this.lanes.map(({ pace: { limit, underWay } }) => ({ limit, underWay }));
  }

  onApplicationBootstrap(): void {
    this.signal.onNotify(() => {
      this.lookAgain();
    });
    this.monitor.onTrusted(() => {
      this.nothingLeftAtMs = -Infinity;
      this.lookAgain();
    });
    this.loop = this.work();
  }

  /** Stops leasing, and waits for running attempts. After `GRACE_MS` it aborts them; a later attempt relays the message again. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    this.lookAgain();
    const timer = setTimeout(() => {
      this.abandoned.abort();
    }, GRACE_MS);
    await this.loop;
    await Promise.all(this.running);
    clearTimeout(timer);
  }

  private async work(): Promise<void> {
    let databaseAway = false;
    while (!this.stopping.signal.aborted) {
      // Attempts of one group commit end in the same turn of the event loop. Waiting a turn lets one lease fill all their places.
      await nextTurn();
      this.woken = false;
      let more = false;
      try {
        more = await this.takeUp();
        if (databaseAway) this.logger.info({}, 'the queue can be read again');
        databaseAway = false;
      } catch (error) {
        if (!databaseAway) this.logger.error({ err: error }, 'the queue cannot be read');
        databaseAway = true;
      }
      if (!more) await this.pause();
    }
  }

  /** Leases due jobs and starts their attempts. @returns whether more jobs may be due */
  private async takeUp(): Promise<boolean> {
    this.isShortOfRoom = false;
    const open = this.openLanes();
    // Several enclaves may have the same keys. So the lane with the fewest running attempts is first, and equal lanes take turns.
    this.turns++;
    const place = ({ enclave }: Lane) => (enclave.index + this.turns) % this.lanes.length;
    open.sort(({ lane: a }, { lane: b }) => a.pace.underWay - b.pace.underWay || place(a) - place(b));
    let more = false;
    for (const { lane, keyIds } of open)
      if (await this.takeFor(lane, keyIds === null ? 'any' : { keyIds }, open.length)) more = true;
    return more || this.takeLeftover();
  }

  private openLanes(): OpenLane[] {
    const revoked = new Set(this.keys.revokedKeyIds());
    return this.lanes.flatMap((lane): OpenLane[] => {
      const { enclave } = lane;
      if (!enclave.takesMessages()) return [];
      if (this.isSoleEnclave(lane)) return [{ lane, keyIds: null }];
      const keyIds = enclave.heldKeyIds()?.filter((keyId) => !revoked.has(keyId)) ?? [];
      return keyIds.length === 0 ? [] : [{ lane, keyIds }];
    });
  }

  /**
   * Whether the lane's enclave is the only one and has per-process keys. Such an enclave reports which keys it lost, and nothing can
   * restore them.
   */
  private isSoleEnclave({ enclave }: Lane): boolean {
    return this.lanes.length === 1 && enclave.keepsItsKeysAlone();
  }

  /**
   * Takes jobs that end without a relay: expired, or sealed to a retired key. If it finds none, it looks again only after `pollMs`, because
   * new messages and finished attempts add no such job. @returns whether more may be due
   */
  private async takeLeftover(): Promise<boolean> {
    if (performance.now() - this.nothingLeftAtMs < this.config.delivery.pollMs) return false;
    if (this.room === 0) {
      this.isShortOfRoom = true;
      return false;
    }
    const before = this.taken;
    let more = await this.takeFor(null, 'expired');
    const revoked = this.keys.revokedKeyIds();
    if (revoked.length > 0 && (await this.takeFor(null, { keyIds: revoked }))) more = true;
    // A key that no enclave has counts as retired only if the keys of every enclave are known. Otherwise its messages wait.
    const held = this.lanes.map((lane) => (this.isSoleEnclave(lane) ? null : lane.enclave.heldKeyIds()));
    const all = { otherThan: held.flatMap((keyIds) => keyIds ?? []) };
    if (!held.includes(null) && (await this.takeFor(null, all))) more = true;
    if (this.taken === before) this.nothingLeftAtMs = performance.now();
    return more;
  }

  private get room(): number {
    return this.config.delivery.concurrency - this.running.size;
  }

  /**
   * @param lanes the number of lanes that share the free room
   * @returns whether it got as many jobs as it asked for, so that more may be due
   */
  private async takeFor(lane: Lane | null, what: Leasable, lanes = 1): Promise<boolean> {
    const limit = lane === null ? this.room : Math.min(Math.ceil(this.room / lanes), lane.pace.free);
    if (limit <= 0) {
      this.isShortOfRoom = true;
      return false;
    }
    // Each lease has its own name, so that a late answer to an earlier lease of this process is recognized too.
    const jobs = await this.queue.lease(limit, `${this.name}-${(++this.leases).toString(36)}`, what);
    for (const job of jobs) this.start(job, lane);
    this.taken += jobs.length;
    return jobs.length === limit;
  }

  private start(job: LeasedJob, lane: Lane | null): void {
    const slot = lane?.pace.take();
    const run = () =>
      this.attempt.run(job, lane?.enclave ?? null, this.stopping.signal, this.abandoned.signal, (signal) =>
        slot?.done(signal),
      );
    // Each attempt has a new request id, which the enclave logs too.
    const attempt: Promise<void> = withRequestId(randomUUID(), run)
      .catch((error: unknown) => {
        this.logger.error(
          { messageId: job.messageId, err: error },
          'an attempt could not be written down: its lease runs out',
        );
      })
      .finally(() => {
        slot?.done({ kind: 'nothing' });
        this.running.delete(attempt);
        if (this.isShortOfRoom) this.lookAgain();
      });
    this.running.add(attempt);
  }

  private lookAgain(): void {
    this.woken = true;
    this.wake();
  }

  /** Waits until lookAgain is called or `pollMs` have passed. */
  private pause(): Promise<void> {
    if (this.woken) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.nothingLeftAtMs = -Infinity; // the timer may be a millisecond early, before `pollMs` have passed
        resolve();
      }, this.config.delivery.pollMs);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

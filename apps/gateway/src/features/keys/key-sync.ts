import { randomUUID } from 'node:crypto';
import {
  encodeKeyOffer,
  MAX_OFFERED_KEYS,
  PROCESS_CUSTODY,
  toHex,
  type KeyOffer,
  type KeyStatus,
  type SealedKeyCore,
} from '@communique-tee/protocol';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import type { ReportedKeys } from '../attestation/reported-keys';
import type { EnclaveResult } from '../enclave/enclave-result';
import type { Logger } from '../../core/telemetry/logger';
import { withRequestId } from '../../core/telemetry/request-context';
import type { KeyMetrics } from './key-metrics';
import type { OperatorSecrets } from './operator-secrets';
import type { ParentCredentials } from './parent-credentials';
import type { ProposalReader } from './read-proposal';
import type { KeysOfCustody, SealedKeyStore, Stored, StoredRecord } from './sealed-key-store';

/** The parts that the syncs of all enclaves share. */
export interface KeySyncParts {
  readonly store: SealedKeyStore;
  readonly proposals: ProposalReader;
  readonly credentials: Pick<ParentCredentials, 'current'>;
  readonly secrets: Pick<OperatorSecrets, 'current'>;
  readonly logger: Logger;
  readonly metrics: KeyMetrics;
  readonly intervalMs: number;
}

/**
 * The most exchanges in one sync. A sync learns the custody, offers the stored records, and offers the proposal after storing it. The next
 * sync does the rest.
 */
const MAX_ROUNDS = 4;
/** The shortest time between two syncs. It limits the requests to an enclave that looks restarted at every check. */
const MIN_GAP_MS = 100;
/** The time to the next sync if the enclave did not answer. It may have restarted, and then it waits for keys. */
const RETRY_MS = 1000;
const NOTHING: KeyOffer = { credentials: null, records: [], revoked: [], secrets: {} };
const NO_KEYS: KeysOfCustody = { live: [], revoked: [] };
/** Used as the report of an older enclave, which has no `POST /keys`. */
const FROM_BEFORE: ReportedKeys = {
  custody: PROCESS_CUSTODY,
  state: 'ready',
  current: null,
  currentSince: null,
  held: null,
  kms: null,
};

interface Offer {
  readonly bytes: Uint8Array;
  readonly keys: KeysOfCustody | null;
}

/**
 * Keeps one enclave supplied with keys: offers it stored records, credentials and secrets, stores its proposals, and notes which keys it
 * holds.
 */
export class KeySync {
  private syncing: Promise<void> | undefined;
  private begunAtMs = -Infinity;
  /** When the last successful sync began. */
  private goodSinceMs = -Infinity;
  private timer: NodeJS.Timeout | undefined;
  private readonly stopping = new AbortController();
  private databaseAway = false;
  private last: KeyStatus | null = null;
  private failure: string | null = null;
  private readonly component: string;

  constructor(
    private readonly enclave: EnclaveMonitor,
    private readonly parts: KeySyncParts,
  ) {
    this.component = `enclave-${String(enclave.index)}`;
  }

  start(): void {
    this.enclave.onMet(() => {
      this.last = null; // the enclave may be another one
      this.soon();
    });
    this.soon();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.syncing;
  }

  /** Syncs soon. If a sync is running, another one follows, because the running one may have begun too early. */
  soon(): void {
    if (this.stopping.signal.aborted) return;
    clearTimeout(this.timer);
    const gapMs = Math.max(0, this.begunAtMs + MIN_GAP_MS - performance.now());
    this.timer = setTimeout(() => void (this.syncing ?? Promise.resolve()).then(() => this.syncNow()), gapMs).unref();
  }

  /** Syncs now, or joins the running sync. Never throws. */
  syncNow(): Promise<void> {
    if (this.stopping.signal.aborted) return Promise.resolve();
    this.syncing ??= this.sync().finally(() => {
      this.syncing = undefined;
    });
    return this.syncing;
  }

  /**
   * Makes sure that a sync begins after this moment of `performance.now()`, and waits for it.
   * @returns false if no such sync began, or if the enclave did not answer it
   */
  async syncSince(momentMs: number): Promise<boolean> {
    for (let syncs = 0; syncs < 2 && this.goodSinceMs < momentMs; syncs++) await this.syncNow();
    return this.goodSinceMs >= momentMs;
  }

  private async sync(): Promise<void> {
    clearTimeout(this.timer);
    const begunAtMs = performance.now();
    this.begunAtMs = begunAtMs;
    let answered = false;
    try {
      // A sync has a new request id, which the enclave logs too.
      answered = await withRequestId(randomUUID(), () => this.rounds());
      if (answered) this.goodSinceMs = begunAtMs;
    } catch (error) {
      this.last = null;
      this.parts.logger.error({ component: this.component, err: error }, 'keys could not be exchanged');
    }
    if (!this.stopping.signal.aborted)
      this.timer = setTimeout(
        () => void this.syncNow(),
        answered ? this.parts.intervalMs : Math.min(RETRY_MS, this.parts.intervalMs),
      ).unref();
  }

  private async rounds(): Promise<boolean> {
    let offer = await this.offer(this.last);
    for (let round = 0; ; round++) {
      const result = await this.enclave.client.keys(offer.bytes, { signal: this.stopping.signal });
      if (result.kind !== 'answer') {
        this.failed(result);
        return false;
      }
      this.failed(null);
      if (result.answer === 'unsupported') {
        this.last = null;
        this.enclave.noteKeys(FROM_BEFORE);
        return true;
      }
      const status = result.answer;
      this.note(status, offer);
      if (
        status.proposal !== null &&
        status.custody !== PROCESS_CUSTODY &&
        this.mayHaveMore(status) &&
        !this.databaseAway
      )
        await this.take(status.proposal, status);
      const next = await this.offer(status);
      if (round + 1 >= MAX_ROUNDS || same(next.bytes, offer.bytes)) return true;
      offer = next;
    }
  }

  /**
   * Whether the enclave may get more than an empty offer. The offer is empty before the enclave reports its custody, if its attestation
   * was refused, or if it has per-process keys and wants no secret.
   */
  private mayHaveMore(status: KeyStatus | null): status is KeyStatus {
    return (
      status !== null &&
      (status.custody !== PROCESS_CUSTODY || status.wants.secrets.length > 0) &&
      this.enclave.state().kind !== 'refused'
    );
  }

  /** Returns an empty offer if the database is away, because a record that cannot be read must not look deleted. */
  private async offer(status: KeyStatus | null): Promise<Offer> {
    const nothing = { bytes: encodeKeyOffer(NOTHING), keys: null };
    if (!this.mayHaveMore(status)) return nothing;
    let keys: KeysOfCustody;
    try {
      keys = status.custody === PROCESS_CUSTODY ? NO_KEYS : await this.parts.store.ofCustody(status.custody);
      this.databaseAway = false;
    } catch (error) {
      if (!this.databaseAway)
        this.parts.logger.warn(
          { component: this.component, err: error },
          'sealed keys cannot be read: the enclave keeps what it has',
        );
      this.databaseAway = true;
      return nothing;
    }
    const { wants } = status;
    const [credentials, all] = await Promise.all([
      wants.credentials ? this.parts.credentials.current() : null,
      wants.secrets.length > 0 ? this.parts.secrets.current() : null,
    ]);
    const secrets = Object.fromEntries(
      wants.secrets.flatMap((name) => {
        const secret = all?.get(name);
        return secret === undefined ? [] : [[name, secret] as const];
      }),
    );
    return {
      bytes: encodeKeyOffer({ credentials, records: recordsFor(status, keys), revoked: [...keys.revoked], secrets }),
      keys,
    };
  }

  private async take(proposal: Uint8Array, { custody }: KeyStatus): Promise<void> {
    const { proposals, logger, metrics } = this.parts;
    const state = this.enclave.state();
    const read = await proposals.read(proposal, { custody, pcr0: state.kind === 'verified' ? state.pcr0 : null });
    let outcome: string;
    try {
      outcome = read.ok ? await this.store(read.core, proposal) : read.code;
    } catch (error) {
      logger.warn(
        { component: this.component, err: error },
        'a sealed key cannot be stored: the enclave offers it again',
      );
      return;
    }
    metrics.proposed(outcome);
    if (outcome === 'stored')
      logger.info({ component: this.component, bytes: proposal.length }, 'a sealed key was stored');
    else if (!['known', 'epoch_taken'].includes(outcome))
      logger.warn({ component: this.component, code: outcome }, 'a sealed key that an enclave proposes is not stored');
  }

  /**
   * Stores the proposal. Anyone who can write to the database could add rows that block it. If such forged rows exist, removes them and
   * tries again.
   */
  private async store(core: SealedKeyCore, proposal: Uint8Array): Promise<Stored> {
    const { store, proposals, logger } = this.parts;
    const outcome = await store.add(core, proposal);
    if (outcome !== 'epoch_taken' && outcome !== 'too_many') return outcome;
    const forged: StoredRecord[] = [];
    for (const row of await store.inTheWayOf(core, outcome)) if (!(await proposals.isGenuine(row))) forged.push(row);
    const count = await store.remove(forged);
    if (count === 0) return outcome;
    logger.warn(
      { component: this.component, count },
      'records of keys that no enclave made were removed from the database',
    );
    return store.add(core, proposal);
  }

  private note(status: KeyStatus, { keys }: Offer): void {
    const { metrics, logger } = this.parts;
    const component = this.component;
    const before = this.last;
    this.last = status;
    const refusals = new Set(before?.refused.map(textOf));
    for (const refusal of status.refused) {
      if (refusals.has(textOf(refusal))) continue;
      metrics.refused(refusal.code);
      // The records of another image are refused by design while both images run.
      if (refusal.code !== 'other_image')
        logger.warn({ component, code: refusal.code }, 'an enclave refuses a sealed key');
    }
    for (const { name, code } of status.refused_secrets) {
      if (!before?.refused_secrets.some((other) => other.name === name && other.code === code))
        logger.warn({ component, code }, 'an enclave cannot open a secret of the operator');
    }
    if (status.kms !== null) {
      metrics.kmsFailed(status.kms);
      if (before?.kms !== status.kms) logger.warn({ component, code: status.kms }, 'KMS failed for an enclave');
    }
    if (before?.custody !== status.custody && status.custody === PROCESS_CUSTODY)
      logger.info({ component }, 'no KMS key is configured: a restart of this enclave ends its keys');
    this.enclave.noteKeys(this.reportedBy(status, keys));
    // No verified document names the enclave's current key yet, so ask for one.
    const state = this.enclave.state();
    if (
      status.state === 'ready' &&
      (state.kind === 'waiting' ||
        (state.kind === 'verified' && status.current !== null && state.keyId !== toHex(status.current)))
    )
      void this.enclave.checkNow();
  }

  private reportedBy(
    { custody, state, current, held, held_legacy: heldLegacy, kms }: KeyStatus,
    keys: KeysOfCustody | null,
  ): ReportedKeys {
    const id = current === null ? null : toHex(current);
    const before = this.enclave.keys();
    const stored =
      keys?.live.find(({ keyId }) => toHex(keyId) === id)?.createdAt ??
      (before?.current === id ? before?.currentSince : null);
    return {
      custody,
      state,
      current: id,
      currentSince: stored ?? null,
      held: held.map(toHex),
      ...(heldLegacy && { heldLegacy: heldLegacy.map(toHex) }),
      kms,
    };
  }

  /** Logs each change once. */
  private failed(result: Exclude<EnclaveResult<unknown>, { kind: 'answer' }> | null): void {
    const failure = result?.code ?? null;
    if (result !== null) {
      this.last = null;
      // An enclave that is busy or unreachable for a moment keeps its keys. After an unreadable answer, its keys are unknown.
      if (result.kind === 'problem' && result.code === 'enclave_answer_invalid') this.enclave.noteKeys(null);
    }
    if (failure === this.failure) return;
    this.failure = failure;
    // The monitor logs that the enclave cannot be reached.
    if (result?.kind === 'problem')
      this.parts.logger.warn(
        { component: this.component, code: result.code },
        'an enclave cannot be asked for its keys',
      );
  }
}

/** The records to offer, newest first. If they do not all fit, the records of other images are left out first. */
function recordsFor({ refused }: KeyStatus, { live }: KeysOfCustody): Uint8Array[] {
  if (live.length <= MAX_OFFERED_KEYS) return live.map(({ record }) => record);
  const foreign = new Set(
    refused.flatMap(({ key_id: keyId, code }) => (keyId !== null && code === 'other_image' ? [toHex(keyId)] : [])),
  );
  const isForeign = ({ keyId }: { keyId: Uint8Array }) => foreign.has(toHex(keyId));
  return [...live.filter((key) => !isForeign(key)), ...live.filter(isForeign)]
    .slice(0, MAX_OFFERED_KEYS)
    .map(({ record }) => record);
}

function textOf({ key_id: keyId, code }: KeyStatus['refused'][number]): string {
  return `${keyId === null ? '' : toHex(keyId)} ${code}`;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}

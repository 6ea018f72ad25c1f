import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { fromHex, toHex } from '@communique-tee/protocol';
import type { KeyId } from '../attestation/attestation-judge';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../core/config/gateway-config';
import { Logger } from '../../core/telemetry/logger';
import { KeyMetrics } from './key-metrics';
import { KeySync } from './key-sync';
import { OperatorSecrets } from './operator-secrets';
import { ParentCredentials } from './parent-credentials';
import { ProposalReader } from './read-proposal';
import { SealedKeyStore } from './sealed-key-store';

/** How soon this gateway notices that another gateway stored a key, or that an operator revoked one. */
const WATCH_MS = 1000;

/** Gives every configured enclave its keys. README.md beside this file explains how. */
@Injectable()
export class EnclaveKeys implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly syncs: readonly KeySync[];
  private timer: NodeJS.Timeout | undefined;
  private watching: Promise<void> | undefined;
  private stopped = false;
  private version: string | null = null;
  private revoked: readonly KeyId[] = [];

  constructor(
    @Inject(GATEWAY_CONFIG) config: Pick<GatewayConfig, 'keys' | 'attestation'>,
    private readonly monitor: AttestationMonitor,
    private readonly store: SealedKeyStore,
    credentials: ParentCredentials,
    secrets: OperatorSecrets,
    private readonly logger: Logger,
    metrics: KeyMetrics,
  ) {
    const parts = {
      store,
      credentials,
      secrets,
      logger,
      metrics,
      proposals: new ProposalReader(config.attestation),
      intervalMs: config.keys.intervalMs,
    };
    this.syncs = monitor.enclaves.map((enclave) => new KeySync(enclave, parts));
  }

  onApplicationBootstrap(): void {
    for (const sync of this.syncs) sync.start();
    this.timer = setInterval(() => {
      this.watching ??= this.watch().finally(() => {
        this.watching = undefined;
      });
    }, WATCH_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.all([this.watching, ...this.syncs.map((sync) => sync.stop())]);
  }

  /** Exchanges keys with all enclaves now. Never throws. */
  async syncNow(): Promise<void> {
    await Promise.all(this.syncs.map((sync) => sync.syncNow()));
  }

  /** Exchanges keys as soon as possible with an enclave that reported that it has none. */
  syncSoon({ index }: EnclaveMonitor): void {
    this.syncs[index]?.soon();
  }

  /** The keys that an operator revoked, as the database listed them about a second ago. Messages sealed to them are never opened. */
  revokedKeyIds(): readonly KeyId[] {
    return this.revoked;
  }

  /**
   * Whether no enclave can open a message with this key any more. That is so if an operator revoked the key; or if the database has no live
   * record of it, and a check of every enclave that begins after this call finds the enclave trusted, ready and holding other keys. An
   * earlier check does not count, because the key may be newer than that check.
   * @throws ProblemError `database_unavailable`
   */
  async isRetired(keyId: KeyId): Promise<boolean> {
    const state = await this.store.stateOf(fromHex(keyId));
    if (state !== 'none') return state === 'revoked';
    const nowMs = performance.now();
    const checked = await Promise.all(
      this.monitor.enclaves.map(async (enclave, at) => {
        const synced = await this.syncs[at]?.syncSince(nowMs);
        return synced === true && (!enclave.verifies || (await enclave.checkSince(nowMs)));
      }),
    );
    return (
      !checked.includes(false) &&
      this.monitor.enclaves.every((enclave) => enclave.heldKeyIds()?.includes(keyId) === false)
    );
  }

  /**
   * Returns whether to believe this enclave's report that a key is retired. The report is enough if this enclave is the only one configured
   * and no live record in the database can restore the key; with several enclaves `isRetired` decides.
   * @throws ProblemError `database_unavailable`
   */
  async isRetiredBy(enclave: EnclaveMonitor, keyId: KeyId): Promise<boolean> {
    if (this.monitor.enclaves.length > 1) return this.isRetired(keyId);
    return enclave.takesMessages() && (await this.store.stateOf(fromHex(keyId))) !== 'live';
  }

  /** Wipes expired key records and reads the version of the key table, which is cheap. If it changed, all enclaves are synced soon. */
  async watch(): Promise<void> {
    try {
      await this.store.wipeDestroyed();
      const { version, revoked } = await this.store.readVersion();
      // The first version counts as new, because the gateway does not know what happened since its first offers.
      const isNew = this.version !== version;
      this.version = version;
      this.revoked = revoked.map(toHex);
      if (isNew && !this.stopped) for (const sync of this.syncs) sync.soon();
    } catch (error) {
      // Each sync reports that the database is away; the revoked keys are read again in a second.
      this.logger.debug({ err: error }, 'sealed keys cannot be read');
    }
  }
}

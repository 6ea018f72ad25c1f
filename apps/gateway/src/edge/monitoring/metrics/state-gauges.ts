import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Gauge } from 'prom-client';
import { AttestationMonitor, type MonitorState } from '../../../features/attestation/attestation-monitor';
import { DeliveryWorker } from '../../../features/delivery/delivery-worker';
import { RateLimits } from '../../../features/limits/rate-limits';
import { Metrics } from '../../../core/telemetry/metrics';

const ATTESTATION_STATES = [
  'off',
  'starting',
  'waiting',
  'verified',
  'refused',
  'unreachable',
] as const satisfies readonly MonitorState['kind'][];
const KEY_STATES = ['unknown', 'waiting', 'ready'] as const;
const STORES = ['redis', 'memory'] as const;

/** What this process knows of what it stands on, as it is when metrics are read. */
@Injectable()
export class StateGauges {
  private readonly attestation: Gauge<'enclave' | 'state'>;
  private readonly trusted: Gauge<'enclave'>;
  private readonly attestationAge: Gauge<'enclave'>;
  private readonly keysState: Gauge<'enclave' | 'state'>;
  private readonly keysHeld: Gauge<'enclave'>;
  private readonly keyAge: Gauge<'enclave'>;
  private readonly paceLimit: Gauge<'enclave'>;
  private readonly paceUnderWay: Gauge<'enclave'>;
  private readonly store: Gauge<'store'>;

  constructor(
    metrics: Metrics,
    private readonly monitor: AttestationMonitor,
    private readonly rateLimits: RateLimits,
    private readonly modules: ModuleRef,
  ) {
    const registers = [metrics.registry];
    this.attestation = new Gauge({
      name: 'communique_attestation_state',
      help: '1 for the state that the last look at the enclave came to.',
      labelNames: ['enclave', 'state'],
      registers,
    });
    this.trusted = new Gauge({
      name: 'communique_attestation_trusted',
      help: '1 while messages may be relayed to it.',
      labelNames: ['enclave'],
      registers,
    });
    this.attestationAge = new Gauge({
      name: 'communique_attestation_age_seconds',
      help: 'Since the last look at the enclave was judged; absent before the first.',
      labelNames: ['enclave'],
      registers,
    });
    this.keysState = new Gauge({
      name: 'communique_enclave_keys_state',
      help: '1 for what the enclave last said of its keys; waiting: it takes no messages yet.',
      labelNames: ['enclave', 'state'],
      registers,
    });
    this.keysHeld = new Gauge({
      name: 'communique_enclave_keys_held',
      help: 'Keys that the enclave opens messages with; absent where it has not said.',
      labelNames: ['enclave'],
      registers,
    });
    this.keyAge = new Gauge({
      name: 'communique_enclave_key_age_seconds',
      help: 'Since the record of the current key was stored; absent where there is none.',
      labelNames: ['enclave'],
      registers,
    });
    this.paceLimit = new Gauge({
      name: 'communique_relay_limit_attempts',
      help: 'Attempts that this process gives the enclave at once now, 1 to DELIVERY_CONCURRENCY.',
      labelNames: ['enclave'],
      registers,
    });
    this.paceUnderWay = new Gauge({
      name: 'communique_relay_under_way_attempts',
      help: 'Attempts of this process that the enclave has now.',
      labelNames: ['enclave'],
      registers,
    });
    this.store = new Gauge({
      name: 'communique_rate_limits_store',
      help: '1 for where rate limits are counted now; memory is this process alone.',
      labelNames: ['store'],
      registers,
    });
  }

  refresh(): void {
    for (const monitor of this.monitor.enclaves) {
      // Its place in the configuration, never its address
      const enclave = String(monitor.index);
      const state = monitor.state();
      for (const each of ATTESTATION_STATES)
        this.attestation.set({ enclave, state: each }, each === state.kind ? 1 : 0);
      this.trusted.set({ enclave }, monitor.isTrusted() ? 1 : 0);
      if ('ageMs' in state) this.attestationAge.set({ enclave }, state.ageMs / 1000);
      const keys = monitor.keys();
      for (const each of KEY_STATES)
        this.keysState.set({ enclave, state: each }, each === (keys?.state ?? 'unknown') ? 1 : 0);
      const held = keys?.held ?? null;
      if (held === null) this.keysHeld.remove({ enclave });
      else this.keysHeld.set({ enclave }, held.length);
      const since = keys?.currentSince ?? null;
      if (since === null) this.keyAge.remove({ enclave });
      else this.keyAge.set({ enclave }, Math.max(0, (Date.now() - since.getTime()) / 1000));
    }
    for (const [index, { limit, underWay }] of this.modules.get(DeliveryWorker, { strict: false }).paces().entries()) {
      const enclave = String(index);
      this.paceLimit.set({ enclave }, limit);
      this.paceUnderWay.set({ enclave }, underWay);
    }
    const { store, degraded } = this.rateLimits.state();
    const used = degraded ? 'memory' : store;
    for (const each of STORES) this.store.set({ store: each }, each === used ? 1 : 0);
  }
}

import type { LookupFunction } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type EnclaveKey,
  type GatewayOptions,
  type PreparedMessage,
  type TrustPolicy,
} from '@communique-tee/client';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { plantedMessage, receivedBy } from '@communique-tee/test-system';
import { Agent, fetch as undiciFetch } from 'undici';
import type { BootedParent } from './parent';

export interface Health {
  readonly status: number;
  readonly body: { readonly details?: Readonly<Record<string, { readonly status: string; readonly code?: string }>> };
}

/** A person who sends through the parent's nginx with the client library, and trusts only the given authority for TLS. */
export class Sender {
  readonly #realFetch = globalThis.fetch;
  readonly #host: string;
  readonly #policy: TrustPolicy;
  #dispatcher = new Agent();
  /** The marks in the posted messages. No escaping changes a mark. */
  readonly planted: string[] = [];

  constructor(private readonly parent: BootedParent) {
    const { https } = parent.settings;
    if (https.by !== 'certbot')
      throw new TypeError('a Sender needs a parent without a balancer, whose nginx has a certificate');
    this.#host = https.domain;
    this.#policy = {
      acceptedMeasurements: [{ pcr0: developmentMeasurements.pcr0, pcr3: developmentMeasurements.pcr3 }],
      trustAnchor: unsafeTrustAnchorFromPem(parent.world.rootPem),
    };
    globalThis.fetch = async (input, init) => {
      const request = new Request(input, init);
      if (new URL(request.url).hostname !== this.#host) return this.#realFetch(request);
      // The fetch of the package undici does not accept Node's Request.
      const { url, method, headers, redirect, signal } = request;
      const body = request.body && (await request.arrayBuffer());
      const options = { method, headers: [...headers], redirect, signal, body, dispatcher: this.#dispatcher };
      return (await undiciFetch(url, options)) as unknown as Response;
    };
  }

  /** Makes later requests accept nginx only with a certificate of this authority. */
  trust(ca: string): void {
    const lookup: LookupFunction = (_name, options, done) => {
      if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    };
    this.#dispatcher = new Agent({ connect: { ca, lookup }, pipelining: 0 });
  }

  get gateway(): string {
    return `https://${this.#host}:${String(this.parent.world.httpsPort)}`;
  }

  async health(): Promise<Health> {
    const response = await fetch(`${this.gateway}/api/health/tee`, { headers: { accept: 'application/json' } });
    return { status: response.status, body: (await response.json()) as Health['body'] };
  }

  async options(): Promise<GatewayOptions> {
    return { gateway: this.gateway, token: await this.parent.world.identity.token('alice') };
  }

  /** Waits until the enclave's key verifies, and returns it. */
  async key(): Promise<EnclaveKey> {
    for (const end = Date.now() + 120_000; ; await sleep(300)) {
      try {
        return await fetchEnclaveKey(this.gateway, this.#policy);
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  async post(key?: EnclaveKey): Promise<PreparedMessage> {
    const { message, canaries } = plantedMessage();
    this.planted.push(...Object.values(canaries));
    const prepared = prepareMessage(message, key ?? (await this.key()));
    await postMessage(await this.options(), prepared);
    return prepared;
  }

  /** Waits until the message has ended, and verifies receipt and answer. @returns the message's status, and the offices where it arrived */
  async follow(prepared: PreparedMessage): Promise<{ readonly status: string; readonly offices: readonly string[] }> {
    const view = await followMessage(await this.options(), prepared.id, { timeoutMs: 120_000 });
    const { answer } = await verifyResult(view, prepared, this.#policy);
    const ids = answer.offices.map(({ deliveryId }) => deliveryId);
    const arrived = (await receivedBy(this.parent.world.congress)).filter(({ deliveryId }) => ids.includes(deliveryId));
    return { status: view.status, offices: arrived.map(({ office }) => office).sort() };
  }

  close(): void {
    globalThis.fetch = this.#realFetch;
  }
}

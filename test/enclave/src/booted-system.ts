import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  fetchMessage,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type GatewayOptions,
  type PreparedMessage,
  type TrustPolicy,
} from '@communique-tee/client';
import type { CongressMessage } from '@communique-tee/protocol';
import { HIGH_RATE_LIMITS, receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { developmentMeasurements } from '@communique-tee/testing/nsm-mock';
import { emulatedEnclave, type EmulatedEnclave, type EmulatedEnclaveOptions } from './emulated-enclave';

/** A whole system whose enclave boots from an image, and a sender who trusts that image. */
export interface BootedSystem {
  readonly system: System;
  readonly enclave: EmulatedEnclave;
  readonly policy: TrustPolicy;
  readonly sender: GatewayOptions;
  prepare(message: CongressMessage): Promise<PreparedMessage>;
  /** Sends a message, waits until it has ended, and returns the verified receipt and answer. */
  deliver(message: CongressMessage): Promise<Awaited<ReturnType<typeof verifyResult>> & { readonly status: string }>;
  /** Sends a message, and returns its first verified report, which may be interim. */
  firstReport(
    message: CongressMessage,
  ): Promise<Awaited<ReturnType<typeof verifyResult>> & { readonly status: string }>;
  /** Returns the copies with these DeliveryIds that arrived at Congress. */
  arrivedOf(deliveryIds: readonly (string | null)[]): Promise<Awaited<ReturnType<typeof receivedBy>>>;
}

/** Starts the system. `beforeStart` may change the enclave's machine before it boots. */
export async function startBootedSystem(
  folder: string,
  redisUrl: string,
  options: EmulatedEnclaveOptions = {},
  beforeStart: (enclave: EmulatedEnclave) => void = () => undefined,
): Promise<BootedSystem> {
  let made: EmulatedEnclave | undefined;
  const system = await startSystem({
    folder,
    redisUrl,
    residence: options.residence,
    enclave: async (surroundings) => {
      made = await emulatedEnclave(surroundings, options);
      beforeStart(made);
      return made;
    },
    gatewayEnvironment: {
      DELIVERY_MIN_BACKOFF_MS: '50',
      DELIVERY_MAX_BACKOFF_MS: '500',
      ENCLAVE_TIMEOUT_MS: '30000',
      DELIVERY_LEASE_MS: '40000',
      DELIVERY_POLL_MS: '100',
      ...HIGH_RATE_LIMITS,
    },
    step: async (title, work) => {
      process.stderr.write(`  ${new Date().toISOString().slice(11, 19)}  ${title}\n`);
      return work();
    },
  });
  const enclave = made;
  if (enclave === undefined) throw new Error('the system was started without its enclave');
  const policy: TrustPolicy = {
    acceptedMeasurements: [{ ...enclave.image.measurements, pcr3: developmentMeasurements.pcr3 }],
    trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
  };
  const sender = { gateway: system.gatewayUrl, token: await system.issuer.token('alice') };
  const prepare = async (message: CongressMessage) =>
    prepareMessage(message, await fetchEnclaveKey(system.gatewayUrl, policy));
  return {
    system,
    enclave,
    policy,
    sender,
    prepare,
    async deliver(message) {
      const prepared = await prepare(message);
      await postMessage(sender, prepared);
      const view = await followMessage(sender, prepared.id, { timeoutMs: 120_000 });
      return { status: view.status, ...(await verifyResult(view, prepared, policy)) };
    },
    async firstReport(message) {
      const prepared = await prepare(message);
      await postMessage(sender, prepared);
      for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((wait) => setTimeout(wait, 200))) {
        const view = await fetchMessage(sender, prepared.id);
        if (view.receipt !== null) return { status: view.status, ...(await verifyResult(view, prepared, policy)) };
      }
      throw new Error('no report came');
    },
    arrivedOf: async (deliveryIds) =>
      (await receivedBy(system.congress)).filter(({ deliveryId }) => deliveryIds.includes(deliveryId)),
  };
}

/**
 * Returns an attestation document from the gateway. The gateway waits 5 s for the enclave. An emulated enclave may need longer, so this
 * function asks again, as a client does.
 */
export async function fetchDocument({ system }: BootedSystem, nonce: Uint8Array): Promise<Uint8Array> {
  for (const end = Date.now() + 120_000; ; await new Promise((wait) => setTimeout(wait, 500))) {
    const response = await fetch(`${system.gatewayUrl}/attestation?nonce=${Buffer.from(nonce).toString('hex')}`, {
      headers: { accept: 'application/cose' },
    });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    if (Date.now() > end) throw new Error(`no document: ${await response.text()}`);
  }
}

/** Returns the enclave's log lines from which the parent's log collector dropped a field that its allow-list lacks. */
export function linesWithDroppedFields(enclave: EmulatedEnclave): Record<string, unknown>[] {
  return enclave.log().filter((line) => 'droppedFields' in line);
}

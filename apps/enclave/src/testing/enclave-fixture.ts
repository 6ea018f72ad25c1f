import { unsafeTrustAnchorFromPem, type AttestationPolicy } from '@communique-tee/attestation';
import {
  createDeliverySecret,
  fetchEnclaveKey,
  prepareMessage,
  type EnclaveKey,
  type PreparedMessage,
} from '@communique-tee/client';
import {
  startCongressSimulator,
  type CongressSimulator,
  type CongressSimulatorOptions,
} from '@communique-tee/congress-simulator';
import type { NsmTransport } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { CHAMBERS, CHAMBER_KEYS, forEachChamber, type Chamber, type CongressMessage } from '@communique-tee/protocol';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { parseConfiguration } from '../configuration/configuration';
import { createLog } from '../runtime/log';
import { startEnclave, type RunningEnclave } from '../start';
import { readRelayed, type Relayed } from './read-relayed';

/** The whole enclave in the test's process, with a mock NSM, the Congress simulator over TLS, and what a sender needs. */
export interface EnclaveFixture {
  congress: CongressSimulator;
  enclave: RunningEnclave;
  url: string;
  /** The lines of the enclave's log. */
  log: string[];
  trustAnchor: NonNullable<AttestationPolicy['trustAnchor']>;
  key(): Promise<EnclaveKey>;
  /** Posts a sealed message as the gateway does. */
  relay(sealed: Uint8Array): Promise<Response>;
  relayed(prepared: PreparedMessage): Promise<Relayed>;
  stop(): Promise<void>;
}

export interface FixtureOptions {
  congress?: CongressSimulatorOptions;
  limits?: { maxConcurrent?: number; maxRememberedDeliveries?: number; maxRememberedAnswers?: number };
  timeoutMs?: number;
  /** The interval between deliveries to each chamber; by default 0. */
  minIntervalMs?: number;
  /** Takes the simulator's origins. Returns the origins that the enclave uses instead, those of a proxy. */
  originsBefore?: (origins: Record<Chamber, string>) => Promise<Record<Chamber, string>>;
  legacySuite?: boolean;
  /** The NSM's time in milliseconds; by default Date.now. */
  now?: () => number;
  /** Wraps the transport between the enclave and its mock NSM. */
  nsm?: (transport: NsmTransport) => NsmTransport;
  /** How often counts of connections are published, in milliseconds; by default every five minutes. */
  publishEveryMs?: number;
  /** The certificate authority that the enclave trusts; by default the simulator's. */
  certificateAuthorityPem?: string;
}

export async function startEnclaveFixture(options: FixtureOptions = {}): Promise<EnclaveFixture> {
  const folder = await temporaryFolder('enclave');
  const congress = await startCongressSimulator(options.congress);
  const log: string[] = [];
  const mock = await createMockNsmTransport({
    rootFolder: folder.path,
    ...(options.now && { now: options.now }),
  });
  const transport = options.nsm?.(mock) ?? mock;
  const own = forEachChamber((chamber) => congress[chamber].origin);
  const origins = (await options.originsBefore?.(own)) ?? own;
  const seen = { ...congress, ...forEachChamber((chamber) => ({ ...congress[chamber], origin: origins[chamber] })) };
  const enclave = await startEnclave(parseConfiguration(configurationFor(seen, options)), transport, {
    log: createLog((line) => log.push(line)),
    ...(options.publishEveryMs !== undefined && { publishEveryMs: options.publishEveryMs }),
  });
  const url = enclave.address.replace('tcp:', 'http://');
  const trustAnchor = unsafeTrustAnchorFromPem(await developmentRootPem(folder.path));
  const relay = (sealed: Uint8Array) =>
    fetch(`${url}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: new Uint8Array(sealed),
    });
  return {
    congress,
    enclave,
    url,
    log,
    trustAnchor,
    relay,
    key: () => fetchEnclaveKey(url, { acceptedMeasurements: [developmentMeasurements], trustAnchor }),
    relayed: async (prepared) => readRelayed(await relay(prepared.sealed), prepared, trustAnchor),
    async stop() {
      await enclave.close();
      await congress.stop();
      await folder.remove();
    },
  };
}

export function configurationFor(congress: CongressSimulator, options: FixtureOptions = {}): Record<string, unknown> {
  const chamberSettings = (name: Chamber) => ({
    origin: congress[name].origin,
    messagePath: CHAMBERS[name].test.messagePath,
    apiKeyReadableInImage: congress[name].apiKey,
    certificateAuthorities: options.certificateAuthorityPem ?? congress.certificateAuthorityPem,
    deduplicates: options.congress?.[name]?.deduplicates ?? true,
    minIntervalMs: options.minIntervalMs ?? 0,
    timeoutMs: options.timeoutMs ?? 5_000,
  });
  return {
    stack: 'test',
    listen: 'tcp:127.0.0.1:0',
    egress: { mode: 'direct' },
    services: {
      congress: {
        deliveryAgent: {
          name: 'communique-tee tests',
          ackEmail: 'ack@example.org',
          contactName: 'communique-tee tests',
          contactEmail: 'tests@example.org',
          contactPhone: '202-555-0100',
        },
        ...forEachChamber(chamberSettings),
        acceptReplayAcrossEnclaves: !CHAMBER_KEYS.every((name) => chamberSettings(name).deduplicates),
        ...(options.limits && { limits: options.limits }),
      },
    },
    ...(options.legacySuite !== undefined && { legacySuite: options.legacySuite }),
  };
}

export function congressMessage(changes: Partial<CongressMessage> = {}): CongressMessage {
  return {
    version: 1,
    deliverySecret: createDeliverySecret(),
    offices: ['HCA12', 'SCA01', 'SCA03'],
    constituent: {
      prefix: 'Ms.',
      firstName: 'Test',
      lastName: 'Constituent',
      address1: '1 Example Street',
      city: 'Oakland',
      state: 'CA',
      zip: '94601',
      email: 'constituent@example.org',
    },
    message: { subject: 'A subject of a test', body: 'A text that a test sends.', topics: ['Energy'] },
    campaignId: 'test-campaign',
    proof: null,
    ...changes,
  };
}

export async function prepare(
  fixture: EnclaveFixture,
  changes: Partial<CongressMessage> = {},
  lifetimeSeconds = 600,
): Promise<PreparedMessage> {
  return prepareMessage(congressMessage(changes), await fixture.key(), { lifetimeSeconds });
}

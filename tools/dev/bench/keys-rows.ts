import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  postMessage,
  prepareMessage,
  type EnclaveKey,
  type TrustPolicy,
} from '@communique-tee/client';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { HIGH_RATE_LIMITS, startSystem, type System } from '@communique-tee/test-system';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { exampleMessage } from '../demo/example-message';
import { beside, type Row } from './measure';

const STARTS = 5;
const MESSAGES = 600;
const SENDERS = 16;
const POLL_MS = 5;
const MANY = '1000000';

const GATEWAY_ENVIRONMENT = {
  ...{
    DELIVERY_MIN_BACKOFF_MS: '50',
    DELIVERY_MAX_BACKOFF_MS: '500',
    DELIVERY_POLL_MS: '50',
    DELIVERY_CONCURRENCY: '32',
  },
  ...HIGH_RATE_LIMITS,
  ...{ DEFAULT_USER_DAILY_LIMIT: MANY, SYSTEM_HOURLY_LIMIT: MANY, EMERGENCY_SHUTDOWN_THRESHOLD: MANY },
};

/** Measures what KMS-sealed keys cost when an enclave starts and when it delivers, and what a second enclave gains. */
export async function keysRows(): Promise<Row[]> {
  const own = await measured({ keys: 'process', enclaves: 1 });
  const one = await measured({ keys: 'sealed', enclaves: 1 });
  const two = await measured({ keys: 'sealed', enclaves: 2 });
  const start: Row = {
    what: 'enclave started until its key is shown, per-process keys',
    value: own.startMs,
    unit: 'ms',
    note: `the median of ${String(STARTS)}`,
  };
  const alone: Row = {
    what: 'delivered to three offices, one enclave, per-process keys',
    value: own.delivered,
    unit: 'req/s',
    note: 'the simulator answers at once; all parts run on this machine',
  };
  const single: Row = {
    what: 'delivered to three offices, one enclave, keys sealed',
    value: one.delivered,
    unit: 'req/s',
  };
  return [
    start,
    {
      ...beside(
        { what: 'the same, keys sealed under KMS (simulator on this machine)', value: one.startMs, unit: 'ms' },
        start,
      ),
      note: 'includes making an RSA key, three KMS Decrypt calls, and the time until the gateway finds the enclave',
    },
    alone,
    beside(single, alone),
    beside(
      { what: 'delivered to three offices, two enclaves, keys sealed', value: two.delivered, unit: 'req/s' },
      single,
    ),
  ];
}

async function measured(options: {
  keys: 'process' | 'sealed';
  enclaves: number;
}): Promise<{ startMs: number; delivered: number }> {
  const folder = await temporaryFolder('bench-keys');
  process.stderr.write(`  keys ${options.keys}, ${String(options.enclaves)} enclave(s)\n`);
  let system: System | undefined;
  try {
    system = await startSystem({
      folder: folder.path,
      congressIntervalMs: 0,
      gatewayEnvironment: GATEWAY_ENVIRONMENT,
      ...options,
    });
    const policy: TrustPolicy = {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    };
    await shownKey(system, policy);
    const delivered = await throughput(system, policy);
    const startMs: number[] = [];
    for (let n = 0; options.enclaves === 1 && n < STARTS; n++) {
      await system.kill('enclave');
      const startedMs = performance.now();
      await system.start('enclave');
      await shownKey(system, policy);
      startMs.push(performance.now() - startedMs);
    }
    return { startMs: startMs.sort((a, b) => a - b)[Math.floor(STARTS / 2)] ?? 0, delivered };
  } finally {
    await system?.stop();
    await folder.remove();
  }
}

async function shownKey({ gatewayUrl }: System, policy: TrustPolicy): Promise<EnclaveKey> {
  for (const deadlineMs = performance.now() + 60_000; ;) {
    try {
      return await fetchEnclaveKey(gatewayUrl, policy);
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(POLL_MS);
    }
  }
}

/** Returns messages a second, from the first post to the end of the last message. */
async function throughput(system: System, policy: TrustPolicy): Promise<number> {
  const key = await shownKey(system, policy);
  const messages = Array.from({ length: MESSAGES }, () => prepareMessage(exampleMessage(), key));
  const to = { gateway: system.gatewayUrl, token: await system.issuer.token('bench') };
  const client = new Client({ connectionString: system.databaseUrl });
  await client.connect();
  try {
    const startedMs = performance.now();
    const queue = [...messages];
    await Promise.all(
      Array.from({ length: SENDERS }, async () => {
        for (let next = queue.pop(); next; next = queue.pop()) await postMessage(to, next);
      }),
    );
    for (;;) {
      const { rows } = await client.query<{ delivered: number }>(
        `SELECT count(*)::int AS delivered FROM message WHERE status = 'delivered'`,
      );
      if (rows[0]?.delivered === MESSAGES) return MESSAGES / ((performance.now() - startedMs) / 1000);
      if (performance.now() - startedMs > 300_000) throw new Error('not all were delivered in five minutes');
      await sleep(20);
    }
  } finally {
    await client.end();
  }
}

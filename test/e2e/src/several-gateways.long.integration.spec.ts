import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type EnclaveKey,
  type TrustPolicy,
} from '@communique-tee/client';
import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import { HIGH_RATE_LIMITS, receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plantedMessage } from '@communique-tee/test-system';

const GATEWAYS = 3;
const MESSAGES = 200;

/** Three processes share a database and a Redis. Each message is delivered once, by any of the processes. */
describeWith(redisAvailability(), 'three gateways', () => {
  let folder: TemporaryFolder;
  let redis: Redis;
  let system: System;
  let policy: TrustPolicy;
  let token: string;
  let key: EnclaveKey;

  beforeAll(async () => {
    folder = await temporaryFolder('several-gateways');
    redis = await startRedis({ own: true });
    system = await startSystem({
      folder: folder.path,
      redisUrl: redis.url,
      gateways: GATEWAYS,
      congressIntervalMs: 0,
      gatewayEnvironment: {
        DELIVERY_MIN_BACKOFF_MS: '50',
        DELIVERY_MAX_BACKOFF_MS: '500',
        ENCLAVE_TIMEOUT_MS: '20000',
        DELIVERY_LEASE_MS: '25000',
        DELIVERY_POLL_MS: '100',
        DATABASE_POOL_SIZE: '10',
        ...HIGH_RATE_LIMITS,
        DELIVERY_PRICE_PER_OFFICE: '0.01',
        DEFAULT_USER_DAILY_LIMIT: '1000',
        SYSTEM_HOURLY_LIMIT: '1000',
        EMERGENCY_SHUTDOWN_THRESHOLD: '1000',
      },
    });
    policy = {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    };
    token = await system.issuer.token('alice');
    key = await fetchEnclaveKey(system.gatewayUrl, policy);
  }, 180_000);
  afterAll(async () => {
    await (system as System | undefined)?.stop();
    await (redis as Redis | undefined)?.stop();
    await folder.remove();
  });

  const at = (which: number) => ({ gateway: system.gatewayUrls[which % GATEWAYS] ?? system.gatewayUrl, token });
  const prepared = () => prepareMessage(plantedMessage().message, key);

  it(`deliver each of ${String(MESSAGES)} messages once, no matter which gateway accepts it and which one reports its status`, async () => {
    const messages = Array.from({ length: MESSAGES }, prepared);
    // Post every message to two gateways at the same time, like a client whose first try seemed lost.
    await Promise.all(messages.flatMap((message, n) => [postMessage(at(n), message), postMessage(at(n + 1), message)]));
    const deliveryIds: (string | null)[] = [];
    for (const [n, message] of messages.entries()) {
      const view = await followMessage(at(n + 2), message.id, { timeoutMs: 240_000 });
      expect(view.status).toBe('delivered');
      const { answer } = await verifyResult(view, message, policy);
      expect(answer.offices).toHaveLength(3);
      deliveryIds.push(...answer.offices.map(({ deliveryId }) => deliveryId));
    }
    const received = (await receivedBy(system.congress)).map(({ office, deliveryId }) => `${office} ${deliveryId}`);
    expect(received).toHaveLength(3 * MESSAGES);
    expect(new Set(received).size).toBe(3 * MESSAGES);
    expect(new Set(deliveryIds)).toEqual(new Set(received.map((entry) => entry.split(' ')[1])));
    // Every gateway delivered messages
    for (const log of ['gateway.log', 'gateway-2.log', 'gateway-3.log'])
      expect(await readFile(join(system.logFolder, log), 'utf8')).toContain('"message ended"');
  }, 300_000);

  it('deliver the messages that one gateway accepted before it was killed', async () => {
    await setFaults({ queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 6 }] });
    const messages = Array.from({ length: 6 }, prepared);
    await Promise.all(messages.map((message) => postMessage(at(0), message)));
    await system.kill('gateway', 0);
    const before = (await receivedBy(system.congress)).length;
    for (const [n, message] of messages.entries()) {
      const view = await followMessage(at(1 + (n % 2)), message.id, { timeoutMs: 90_000 });
      expect(view.status).toBe('delivered');
      await verifyResult(view, message, policy);
    }
    await system.start('gateway', 0);
    const received = (await receivedBy(system.congress)).map(({ office, deliveryId }) => `${office} ${deliveryId}`);
    expect(received.length).toBeGreaterThan(before);
    expect(received).toHaveLength(3 * (MESSAGES + messages.length));
    expect(new Set(received).size).toBe(received.length);
  }, 180_000);

  async function setFaults(plan: object): Promise<void> {
    await fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
  }
});

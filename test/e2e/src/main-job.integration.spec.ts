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
import { sealedMessageToJson, type CongressMessage } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { HIGH_RATE_LIMITS, receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { plantedMessage } from '@communique-tee/test-system';
import { checkAgainst, generatedClient } from './generated-client/generated-client';

let folder: TemporaryFolder;
let system: System;
let policy: TrustPolicy;
let alice: GatewayOptions;
let bob: GatewayOptions;

beforeAll(async () => {
  folder = await temporaryFolder('e2e');
  system = await startSystem({
    folder: folder.path,
    gatewayPort: 0,
    gatewayEnvironment: {
      DELIVERY_MIN_BACKOFF_MS: '50',
      DELIVERY_MAX_BACKOFF_MS: '500',
      ENCLAVE_TIMEOUT_MS: '5000',
      DELIVERY_LEASE_MS: '6000',
      DELIVERY_POLL_MS: '100',
      ...HIGH_RATE_LIMITS,
    },
  });
  policy = {
    acceptedMeasurements: system.accepted,
    trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
  };
  alice = { gateway: system.gatewayUrl, token: await system.issuer.token('alice') };
  bob = { gateway: system.gatewayUrl, token: await system.issuer.token('bob') };
}, 180_000);
afterAll(async () => {
  await (system as System | undefined)?.stop();
  await folder.remove();
});
beforeEach(() => setFaults({}));

it('a sealed message reaches House and Senate, and its receipt verifies', async () => {
  const { message, fields } = plantedMessage();
  const prepared = await prepare(message);
  expect((await postMessage(alice, prepared)).status).toBe('queued');
  const view = await followMessage(alice, prepared.id);
  expect(view.status).toBe('delivered');
  const { answer } = await verifyResult(view, prepared, policy);
  const arrived = await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId));
  expect(arrived.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);
  for (const { xml } of arrived) expect(xml).toContain(fields['zip']);
});

it('a client generated from the OpenAPI document attests, submits, watches, and verifies the receipt', async () => {
  const document = (await (await fetch(`${system.gatewayUrl}/docs-json`)).json()) as object;
  await checkAgainst(document, folder.path);
  const { sendMessage } = await generatedClient();
  const { statuses, answer } = await sendMessage(alice.gateway, alice.token ?? '', policy, plantedMessage().message);
  expect([statuses[0], statuses.at(-1)]).toEqual(['queued', 'delivered']);
  expect(answer.offices.map(({ office, outcome }) => [office, outcome])).toEqual([
    ['HCA12', 'accepted'],
    ['SCA01', 'accepted'],
    ['SCA03', 'accepted'],
  ]);
});

it('a message that is posted three times in JSON is accepted and delivered once', async () => {
  const prepared = await prepare(plantedMessage().message);
  const post = () =>
    fetch(`${system.gatewayUrl}/api/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${alice.token}`,
        'content-type': 'application/json',
        'idempotency-key': 'once',
      },
      body: JSON.stringify(sealedMessageToJson(prepared.message)),
    });
  const answers = [await post(), await post(), await post()];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
  const { answer } = await verifyResult(await followMessage(alice, prepared.id), prepared, policy);
  expect(await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId))).toHaveLength(3);
});

it('a message is visible only to its owner', async () => {
  const prepared = await prepare(plantedMessage().message);
  await postMessage(alice, prepared);
  await expect(fetchMessage(bob, prepared.id)).rejects.toMatchObject({ problem: 'not_found' });
  await followMessage(alice, prepared.id);
});

it('a message is delivered although the gateway was killed right after it answered 202', async () => {
  await setFaults({ queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 6 }] });
  const prepared = await prepare(plantedMessage().message);
  await postMessage(alice, prepared);
  await system.restart('gateway', 'kill');
  const view = await followMessage(alice, prepared.id, { timeoutMs: 60_000 });
  expect(view.status).toBe('delivered');
  const { answer } = await verifyResult(view, prepared, policy);
  expect(await arrivedOf(answer.offices.map(({ deliveryId }) => deliveryId))).toHaveLength(3);
});

it('a message ends as key_retired if the enclave was replaced before opening it, and can be sealed again', async () => {
  const key = await fetchEnclaveKey(system.gatewayUrl, policy);
  await system.restart('enclave', 'kill');
  const { message } = plantedMessage();
  const prepared = prepareMessage(message, key);
  await postMessage(alice, prepared);
  const view = await followMessage(alice, prepared.id, { timeoutMs: 60_000 });
  expect(view.status).toBe('key_retired');
  const again = prepareMessage(message, await fetchEnclaveKey(system.gatewayUrl, policy), { id: prepared.id });
  expect(again.id).toBe(prepared.id);
  await postMessage(alice, again);
  const end = await followMessage(alice, again.id);
  expect(end.status).toBe('delivered');
  await verifyResult(end, again, policy);
});

it('a message that Congress refuses ends as refused, and only the sender can read the reason', async () => {
  const { message } = plantedMessage();
  await setFaults({
    queue: [{ fault: { kind: 'status', status: 400, body: 'the office is vacant' }, times: 'always' }],
  });
  const prepared = await prepare(message);
  await postMessage(alice, prepared);
  const view = await followMessage(alice, prepared.id);
  expect(view.status).toBe('refused');
  const { answer } = await verifyResult(view, prepared, policy);
  expect(answer.offices.every(({ detail }) => detail?.includes('vacant'))).toBe(true);
  expect(JSON.stringify(view)).not.toContain('vacant');
});

it('health answers 200 while everything is up', async () => {
  const response = await fetch(`${system.gatewayUrl}/api/health/tee`);
  expect(response.status).toBe(200);
});

function prepare(message: CongressMessage): Promise<PreparedMessage> {
  return fetchEnclaveKey(system.gatewayUrl, policy).then((key) => prepareMessage(message, key));
}

async function arrivedOf(deliveryIds: readonly (string | null)[]) {
  return (await receivedBy(system.congress)).filter(({ deliveryId }) => deliveryIds.includes(deliveryId));
}

async function setFaults(plan: object): Promise<void> {
  await fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
}

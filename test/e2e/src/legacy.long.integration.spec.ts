import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import { fetchEnclaveKey, followMessage, type GatewayOptions, type TrustPolicy } from '@communique-tee/client';
import { verifyEnclave } from '@communique-tee/enclave-identity';
import { messageViewSchema, toHex, type Answer, type MessageView } from '@communique-tee/protocol';
import { matchAnswer, verifyReceipt, type VerifiedReceipt } from '@communique-tee/receipts';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import {
  HIGH_RATE_LIMITS,
  receivedBy,
  startSystem,
  type ReceivedXml,
  type System,
  type SystemOptions,
} from '@communique-tee/test-system';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { completeContent, contentOfToday, seal, type KeyView, type Sealed } from './legacy-web-client';

const ENCLAVES = 2;
const SETTINGS = {
  DELIVERY_MIN_BACKOFF_MS: '50',
  DELIVERY_MAX_BACKOFF_MS: '500',
  ENCLAVE_TIMEOUT_MS: '10000',
  DELIVERY_LEASE_MS: '12000',
  DELIVERY_POLL_MS: '100',
  ...HIGH_RATE_LIMITS,
};

interface World {
  system: System;
  policy: TrustPolicy;
  alice: GatewayOptions;
  stop(): Promise<void>;
}

async function startWorld(options: Partial<SystemOptions>): Promise<World> {
  const folder: TemporaryFolder = await temporaryFolder('legacy');
  const system = await startSystem({ folder: folder.path, gatewayEnvironment: SETTINGS, ...options });
  return {
    system,
    policy: {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    },
    alice: { gateway: system.gatewayUrl, token: await system.issuer.token('alice') },
    async stop() {
      await system.stop();
      await folder.remove();
    },
  };
}

async function post({ gateway, token }: GatewayOptions, sealed: Sealed): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${String(gateway)}/api/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(sealed.json),
  });
  return { status: response.status, body: await response.json() };
}

describe('the web client (legacy), while the enclaves open its suite', () => {
  let world: World;
  const planted: string[] = [];
  beforeAll(async () => {
    world = await startWorld({ enclaves: ENCLAVES, keys: 'sealed', legacySuite: true });
  }, 180_000);
  afterAll(() => (world as World | undefined)?.stop());
  afterEach(() => setFaults({}));

  const setFaults = (plan: object) =>
    fetch(`${world.system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
  /** Waits until the gateway shows the key of an enclave that it has checked. */
  async function shownKey(): Promise<KeyView> {
    for (let round = 0; ; round++) {
      const response = await fetch(`${world.system.gatewayUrl}/api/tee/public-key`);
      if (response.ok) return (await response.json()) as KeyView;
      if (round >= 600) throw new Error(await response.text());
      await sleep(100);
    }
  }
  async function sealed<Content extends ReturnType<typeof contentOfToday>>(content: Content): Promise<Sealed> {
    planted.push(...Object.values(content.deliveryAddress).filter((text) => text.length > 8));
    return seal(await shownKey(), content);
  }
  const arrived = async (answer: Answer): Promise<ReceivedXml[]> => {
    const ids = answer.offices.map(({ deliveryId }) => deliveryId);
    return (await receivedBy(world.system.congress)).filter(({ deliveryId }) => ids.includes(deliveryId));
  };
  async function resultOf(view: MessageView, message: Sealed): Promise<{ receipt: VerifiedReceipt; answer: Answer }> {
    const { trustAnchor, acceptedMeasurements } = world.policy;
    const receipt = await verifyReceipt(view.receipt, {
      verifyEnclave,
      acceptedMeasurements,
      ...(trustAnchor && { trustAnchor }),
      messageId: message.id,
      sealedSha256: message.sha256,
    });
    const answer = message.openAnswer(view.sealedAnswer ?? '');
    matchAnswer(receipt.claims, answer);
    return { receipt, answer };
  }

  it('gets the key that the attestation document names', async () => {
    const view = await shownKey();
    const { legacyKey, keyId } = await fetchEnclaveKey(world.system.gatewayUrl, world.policy);
    expect(view).toEqual({
      success: true,
      keyId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      publicKey: `0x${toHex(legacyKey ?? new Uint8Array())}`,
      algorithm: 'X25519-XChaCha20-Poly1305',
    });
    expect(view.keyId).not.toBe(toHex(keyId));
  });

  it('seals a message with libsodium that reaches House and Senate, whose receipt verifies, and whose answer opens', async () => {
    const content = completeContent();
    const message = await sealed(content);
    const { status, body } = await post(world.alice, message);
    expect([status, messageViewSchema.parse(body).id]).toEqual([202, message.id]);
    const view = await followMessage(world.alice, message.id, { timeoutMs: 90_000 });
    expect(view.status).toBe('delivered');
    const { receipt, answer } = await resultOf(view, message);
    expect(receipt.claims.suite).toBe('x25519-blake2b-xchacha20poly1305');
    const documents = await arrived(answer);
    expect(documents.map(({ office }) => office).sort()).toEqual([...content.offices].sort());
    for (const { xml } of documents) expect(xml).toContain(content.message.body);
  }, 120_000);

  it('can post a message three times; the gateway delivers it once, and refuses it from another user', async () => {
    const message = await sealed(completeContent());
    const answers = [
      await post(world.alice, message),
      await post(world.alice, message),
      await post(world.alice, message),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    const bob = { ...world.alice, token: await world.system.issuer.token('bob') };
    expect(await post(bob, message)).toMatchObject({ status: 409, body: { code: 'message_id_taken' } });
    const { answer } = await resultOf(await followMessage(world.alice, message.id, { timeoutMs: 90_000 }), message);
    expect(await arrived(answer)).toHaveLength(3);
    expect(await post(world.alice, message)).toMatchObject({
      status: 202,
      body: { id: message.id, status: 'delivered' },
    });
  }, 120_000);

  it('gets a list of the missing fields if it sends only the fields that it has today, and nothing reaches Congress', async () => {
    const before = (await receivedBy(world.system.congress)).length;
    const message = await sealed(contentOfToday());
    expect((await post(world.alice, message)).status).toBe(202);
    const view = await followMessage(world.alice, message.id, { timeoutMs: 90_000 });
    expect(view.status).toBe('refused');
    const { answer } = await resultOf(view, message);
    expect(answer.offices).toMatchObject([{ office: 'HCA12', outcome: 'refused', reason: 'message_invalid' }]);
    expect(answer.problems.map(({ pointer, code }) => `${pointer} ${code}`).sort()).toEqual([
      '/campaignId required',
      '/constituent/firstName required',
      '/constituent/lastName required',
      '/constituent/prefix required',
      '/message/body required',
      '/message/subject required',
      '/message/topics required',
    ]);
    expect(await receivedBy(world.system.congress)).toHaveLength(before);
  }, 120_000);

  it('has its message delivered after all enclaves were killed and restarted, under the same key', async () => {
    const view = await shownKey();
    await setFaults({ queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 'always' }] });
    const message = await sealed(completeContent());
    await post(world.alice, message);
    for (let enclave = 0; enclave < ENCLAVES; enclave++) await world.system.kill('enclave', enclave);
    await setFaults({});
    for (let enclave = 0; enclave < ENCLAVES; enclave++) await world.system.start('enclave', enclave);
    const result = await followMessage(world.alice, message.id, { timeoutMs: 120_000 });
    expect(result.status).toBe('delivered');
    const { answer } = await resultOf(result, message);
    expect(await arrived(answer)).toHaveLength(3);
    expect(await shownKey()).toEqual(view);
  }, 180_000);

  it('gets the status key_retired for a message to a key that no enclave ever had', async () => {
    const message = await seal({ ...(await shownKey()), keyId: '00'.repeat(16) }, contentOfToday());
    expect((await post(world.alice, message)).status).toBe(202);
    expect((await followMessage(world.alice, message.id, { timeoutMs: 120_000 })).status).toBe('key_retired');
  }, 150_000);

  it('leaves none of its texts in any log', async () => {
    expect(planted.length).toBeGreaterThan(10);
    const logs = await readdir(world.system.logFolder);
    for (const log of logs.filter((name) => name !== 'congress.log')) {
      const text = await readFile(join(world.system.logFolder, log), 'utf8');
      expect([log, planted.filter((each) => text.includes(each))]).toEqual([log, []]);
    }
  });
});

describe('the web client (legacy), while the enclave does not open its suite', () => {
  it('gets no key, and its messages are refused because of their suite', async () => {
    const world = await startWorld({});
    try {
      expect((await fetchEnclaveKey(world.system.gatewayUrl, world.policy)).legacyKey).toBeUndefined();
      const response = await fetch(`${world.system.gatewayUrl}/api/tee/public-key`);
      expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store']);
      const message = await seal(
        {
          success: true,
          keyId: '00'.repeat(16),
          publicKey: `0x${'09'.padEnd(64, '0')}`,
          algorithm: 'X25519-XChaCha20-Poly1305',
        },
        completeContent(),
      );
      // Before the gateway has checked an enclave, the answer would be enclave_unavailable
      let answer = await post(world.alice, message);
      for (let round = 0; answer.status === 503 && round < 600; round++) {
        await sleep(100);
        answer = await post(world.alice, message);
      }
      expect(answer).toMatchObject({ status: 422, body: { code: 'suite_unsupported' } });
    } finally {
      await world.stop();
    }
  }, 180_000);
});

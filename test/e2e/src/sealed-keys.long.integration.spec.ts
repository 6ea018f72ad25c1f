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
import { decodeRelayAnswer, receiptClaimsSchema, toHex } from '@communique-tee/protocol';
import { spawnService, temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { HIGH_RATE_LIMITS, receivedBy, startSystem, type System } from '@communique-tee/test-system';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { decodeJwt } from 'jose';
import { plantedMessage } from '@communique-tee/test-system';

const ENCLAVES = 3;
const GATEWAYS = 2;

/** Enclaves whose keys are sealed under KMS, as in a stack with custody kms. One enclave makes a key, and all of them share it. */
describe('three enclaves with sealed keys', () => {
  let folder: TemporaryFolder;
  let system: System;
  let policy: TrustPolicy;
  let token: string;

  beforeAll(async () => {
    folder = await temporaryFolder('sealed-keys');
    system = await startSystem({
      folder: folder.path,
      gateways: GATEWAYS,
      enclaves: ENCLAVES,
      keys: 'sealed',
      gatewayEnvironment: {
        DELIVERY_MIN_BACKOFF_MS: '50',
        DELIVERY_MAX_BACKOFF_MS: '500',
        ENCLAVE_TIMEOUT_MS: '10000',
        DELIVERY_LEASE_MS: '12000',
        DELIVERY_POLL_MS: '100',
        ...HIGH_RATE_LIMITS,
      },
    });
    policy = {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    };
    token = await system.issuer.token('alice');
  }, 180_000);
  afterAll(async () => {
    await (system as System | undefined)?.stop();
    await folder.remove();
  });
  afterEach(() => setFaults({}));

  const at = (which: number) => ({ gateway: system.gatewayUrls[which % GATEWAYS] ?? system.gatewayUrl, token });
  const setFaults = (plan: object) =>
    fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
  const all = (work: (enclave: number) => Promise<void>) =>
    Promise.all(Array.from({ length: ENCLAVES }, (_, enclave) => work(enclave)));
  /** Waits until the gateway shows a key, and returns it. */
  const shownKey = async (): Promise<EnclaveKey> => {
    for (let round = 0; ; round++) {
      try {
        return await fetchEnclaveKey(system.gatewayUrl, policy);
      } catch (error) {
        if (round >= 300) throw error;
        await sleep(100);
      }
    }
  };

  it('all show the same key and its custody', async () => {
    const key = await shownKey();
    const shown = new Set<string>();
    for (let n = 0; n < 4 * ENCLAVES; n++) shown.add(toHex((await fetchEnclaveKey(at(n).gateway, policy)).keyId));
    expect([...shown]).toEqual([toHex(key.keyId)]);
    expect(key.custody).toBe('arn:aws:kms:us-east-1:123456789012:alias/communique-tee-development-enclave');
    expect(
      system.keyGuard?.kms
        .requests()
        .filter(({ action, decision }) => action === 'GenerateDataKey' && decision === 'done').length,
    ).toBeGreaterThan(0);
  });

  it('open messages that were sealed before all three enclaves were killed, and no sender has to seal again', async () => {
    const key = await shownKey();
    await setFaults({ queue: [{ fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 6 }] });
    const messages = Array.from({ length: 12 }, () => prepareMessage(plantedMessage().message, key));
    await Promise.all(messages.map((message, n) => postMessage(at(n), message)));
    await all((enclave) => system.kill('enclave', enclave));
    await setFaults({});
    await all((enclave) => system.start('enclave', enclave));
    const deliveryIds: (string | null)[] = [];
    for (const [n, message] of messages.entries()) {
      const view = await followMessage(at(n + 1), message.id, { timeoutMs: 90_000 });
      expect(view.status).toBe('delivered');
      deliveryIds.push(
        ...(await verifyResult(view, message, policy)).answer.offices.map(({ deliveryId }) => deliveryId),
      );
    }
    const received = (await receivedBy(system.congress))
      .map(({ deliveryId }) => deliveryId)
      .filter((id) => deliveryIds.includes(id));
    expect(received.sort()).toEqual(deliveryIds.sort());
    expect(toHex((await shownKey()).keyId)).toBe(toHex(key.keyId));
  }, 180_000);

  it('deliver a message only once if a lying parent gives it to each enclave, and the later enclaves report duplicates', async () => {
    const prepared = prepareMessage(plantedMessage().message, await shownKey());
    const outcomes: string[][] = [];
    for (const address of await enclaveAddresses()) {
      const response = await fetch(`http://${address}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/cbor' },
        body: Buffer.from(prepared.sealed),
      });
      expect(response.status).toBe(200);
      const { receipt } = decodeRelayAnswer(new Uint8Array(await response.arrayBuffer()));
      outcomes.push(receiptClaimsSchema.parse(decodeJwt(receipt)).offices.map(({ outcome }) => outcome));
    }
    expect(outcomes).toEqual([
      ['accepted', 'accepted', 'accepted'],
      ['duplicate', 'duplicate', 'duplicate'],
      ['duplicate', 'duplicate', 'duplicate'],
    ]);
  });

  it('delete a key that an operator revokes, and a message that was sealed to the key can be resealed to another key', async () => {
    const key = await shownKey();
    const revoked = toHex(key.keyId);
    const operator = await spawnService({
      command: process.execPath,
      args: [
        join(workspaceRoot(), 'tools/run.mjs'),
        join(workspaceRoot(), 'tools/ops/operator/main.ts'),
        'keys',
        'revoke',
        revoked,
        '--by',
        'tester',
        '--why',
        'to see it go',
      ],
      env: { DATABASE_URL: system.databaseUrl },
    });
    expect(await operator.exited).toMatchObject({ code: 0 });
    let next = await shownKey();
    for (let round = 0; toHex(next.keyId) === revoked && round < 600; round++) {
      await sleep(100);
      next = await shownKey();
    }
    expect(toHex(next.keyId)).not.toBe(revoked);
    // A client that has not asked for the new key seals to the old one
    const message = plantedMessage().message;
    const late = prepareMessage(message, key);
    await postMessage(at(0), late);
    expect((await followMessage(at(0), late.id, { timeoutMs: 90_000 })).status).toBe('key_retired');
    const again = prepareMessage(message, next, { id: late.id });
    await postMessage(at(1), again);
    const view = await followMessage(at(1), again.id, { timeoutMs: 90_000 });
    expect(view.status).toBe('delivered');
    await verifyResult(view, again, policy);
  }, 180_000);

  it('leave no credential, no API key and no ciphertext of these in a log', async () => {
    const { AWS_SECRET_ACCESS_KEY: secret = '', ENCLAVE_SECRETS_FILE: file = '' } =
      system.keyGuard?.gatewayEnvironment ?? {};
    const ciphertexts = Object.values(JSON.parse(await readFile(file, 'utf8')) as Record<string, string>);
    const searched = [secret, system.congress.house.apiKey, system.congress.senate.apiKey, ...ciphertexts];
    expect(searched.every((text) => text.length > 16)).toBe(true);
    const logs = await readdir(system.logFolder);
    expect(logs.length).toBeGreaterThan(ENCLAVES + GATEWAYS);
    for (const log of logs) {
      const text = await readFile(join(system.logFolder, log), 'utf8');
      for (const each of searched) expect([log, text.includes(each)]).toEqual([log, false]);
    }
  });

  async function enclaveAddresses(): Promise<string[]> {
    const { ENCLAVE_URLS = '' } = parseEnv(await readFile(system.gatewayEnvironmentFile, 'utf8'));
    return ENCLAVE_URLS.split(',').map((address) => address.replace(/^tcp:/, ''));
  }
});

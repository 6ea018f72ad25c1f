import {
  fetchMessage,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type PreparedMessage,
} from '@communique-tee/client';
import { decodeEnvelope, encodeEnvelope, toBase64Url, toHex } from '@communique-tee/protocol';
import { describeProving } from '@communique-tee/residence/testing';
import {
  HIGH_RATE_LIMITS,
  filesBelow,
  find,
  plantedMessage,
  receivedBy,
  type Constituent,
  type ProvenMessage,
} from '@communique-tee/test-system';
import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { startCopyingProxy } from './copying-proxy';
import { startResidenceSystem, type ResidenceSystem } from './residence-system';

describeProving('two gateways that require proofs of residence', (referenceString) => {
  let on: ResidenceSystem;
  let people: Constituent[];
  let note: string;
  const gateway = (at = 0): string => on.system.gatewayUrls[at] ?? '';
  /** Returns a person who has not written before. */
  const person = (): Constituent => {
    const next = people.pop();
    if (next === undefined) throw new Error('more people are needed');
    return next;
  };
  const proven = async (who: Constituent, campaignNote = note) =>
    who.prepare(plantedMessage().message, await on.key(), campaignNote);
  const statusOf = (message: ProvenMessage, at = 0) =>
    ({ gateway: gateway(at), statusSecret: message.proven.statusSecret }) as const;
  const post = (message: PreparedMessage, at = 0): Promise<string> =>
    postMessage({ gateway: gateway(at) }, message).then(
      ({ status }) => status,
      (error: unknown) => (error as { problem?: string }).problem ?? String(error),
    );
  const nullifierOf = ({ message }: PreparedMessage) => Buffer.from(message.nullifier ?? new Uint8Array());

  beforeAll(async () => {
    on = await startResidenceSystem(referenceString, {
      gateways: 2,
      gatewayEnvironment: {
        DELIVERY_MIN_BACKOFF_MS: '50',
        DELIVERY_MAX_BACKOFF_MS: '500',
        DELIVERY_POLL_MS: '100',
        ENCLAVE_TIMEOUT_MS: '20000',
        DELIVERY_LEASE_MS: '25000',
        ...HIGH_RATE_LIMITS,
      },
    });
    people = on.constituents(8);
    note = on.registrar.openCampaign('parks-2026');
  }, 180_000);
  afterAll(() => (on as ResidenceSystem | undefined)?.stop());

  it('deliver a message that was sent without a token, and show its status only for its status secret', async () => {
    const message = await proven(person());
    expect(await post(message)).toBe('queued');
    const view = await followMessage(statusOf(message), message.id);
    expect(view.status).toBe('delivered');
    const { answer } = await verifyResult(view, message, on.policy);
    const ids = answer.offices.map(({ deliveryId }) => deliveryId);
    const arrived = (await receivedBy(on.system.congress)).filter(({ deliveryId }) => ids.includes(deliveryId));
    expect(arrived.map(({ office }) => office).sort()).toEqual(['HCA12', 'SCA01', 'SCA03']);

    const other = { gateway: gateway(), statusSecret: new Uint8Array(randomBytes(32)) };
    await expect(fetchMessage(other, message.id)).rejects.toMatchObject({ problem: 'not_found' });
    const token = await on.system.issuer.token('alice');
    await expect(fetchMessage({ gateway: gateway(), token }, message.id)).rejects.toMatchObject({
      problem: 'not_found',
    });
    await expect(fetchMessage({ gateway: gateway() }, message.id)).rejects.toMatchObject({ status: 401 });
  });

  it('accept only one of two messages that one person posts at the same time', async () => {
    const who = person();
    const [first, second] = [await proven(who), await proven(who)];
    expect(nullifierOf(first).equals(nullifierOf(second))).toBe(true);
    expect([await Promise.all([post(first, 0), post(second, 1)])].flat().sort()).toEqual(['already_sent', 'queued']);
    expect(await rows('SELECT 1 FROM nullifier WHERE nullifier = $1', nullifierOf(first))).toBe(1);
  });

  it('accept a message once if it is proven again and posted to both gateways at once', async () => {
    const message = await proven(person());
    const again = await message.again();
    expect(toHex(again.proven.envelope)).not.toBe(toHex(message.proven.envelope));
    expect(await Promise.all([post(message, 0), post(again, 1), post(again, 0)])).toEqual(Array(3).fill('queued'));
    const view = await followMessage(statusOf(message, 1), message.id);
    expect(view.status).toBe('delivered');
    expect(await rows('SELECT 1 FROM message WHERE id = $1', message.id)).toBe(1);
    expect(await post(again, 1)).not.toBe('already_sent');
  });

  it('do not show a message’s status to an attacker who copied the request in transit', async () => {
    const message = await proven(person());
    const stolen = randomBytes(32);
    const answers: unknown[] = [];
    await using proxy = await startCopyingProxy(gateway(), async ({ method, headers, body }) => {
      if (method !== 'POST') return;
      const { sealed, residence } = decodeEnvelope(body);
      if (residence === null) throw new Error('there is no proof to copy');
      const statusSha256 = new Uint8Array(createHash('sha256').update(stolen).digest());
      const copy = encodeEnvelope({ sealed, residence: { ...residence, statusSha256 } });
      const response = await fetch(`${gateway()}/api/messages`, {
        method: 'POST',
        headers: headers as Record<string, string>,
        body: new Uint8Array(copy),
      });
      answers.push(((await response.json()) as { code?: string }).code);
    });
    expect((await postMessage({ gateway: proxy.url }, message)).status).toBe('queued');
    expect(answers).toEqual(['proof_invalid']);
    const view = await followMessage({ gateway: proxy.url, statusSecret: message.proven.statusSecret }, message.id);
    expect(view.status).toBe('delivered');
    await expect(
      fetchMessage({ gateway: gateway(), statusSecret: new Uint8Array(stolen) }, message.id),
    ).rejects.toMatchObject({ problem: 'not_found' });

    const secret = message.proven.statusSecret;
    const urls = proxy.passed.map(({ target }) => Buffer.from(target));
    expect(
      find(
        { secret },
        urls.map((bytes) => ({ where: 'access log', bytes })),
      ),
    ).toEqual([]);
    expect(find({ secret }, filesBelow(on.system.logFolder))).toEqual([]);
    const inUrl = await fetch(`${gateway()}/api/messages/${message.id}?status=${toBase64Url(secret)}`);
    expect(inUrl.status).toBe(400);
  });

  it('deliver one message per person even if a lying parent gives the enclave a second one or restarts the enclave', async () => {
    const who = person();
    const [first, second] = [await proven(who), await proven(who)];
    expect(await post(first)).toBe('queued');
    const view = await followMessage(statusOf(first), first.id);
    const { answer } = await verifyResult(view, first, on.policy);
    const ids = answer.offices.map(({ deliveryId }) => deliveryId);
    const copies = async () =>
      (await receivedBy(on.system.congress)).filter(({ deliveryId }) => ids.includes(deliveryId)).length;
    expect(await copies()).toBe(3);
    expect(await relayed(second)).toBe(200);
    expect(await copies()).toBe(3);

    // The restarted enclave has lost its memory, so the chambers have to recognize the DeliveryIds.
    await on.system.restart('enclave', 'kill');
    const third = await proven(who);
    expect(await relayed(third)).toBe(200);
    expect(await copies()).toBe(3);
  });

  it('refuse a message without a proof, even with a token', async () => {
    const token = await on.system.issuer.token('alice');
    const message = prepareMessage(plantedMessage().message, await on.key());
    await expect(postMessage({ gateway: gateway(), token }, message)).rejects.toMatchObject({
      problem: 'residence_required',
    });
  });

  /** Acts as a parent that bypasses its gateway. @returns the enclave's HTTP status */
  async function relayed({ proven: { envelope } }: ProvenMessage): Promise<number> {
    const response = await fetch(`${on.system.enclaveAddress.replace('tcp:', 'http://')}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/cbor' },
      body: new Uint8Array(envelope),
    });
    return response.status;
  }

  async function rows(text: string, value: unknown): Promise<number> {
    const client = new Client({ connectionString: on.system.databaseUrl });
    await client.connect();
    try {
      return (await client.query(text, [value])).rowCount ?? 0;
    } finally {
      await client.end();
    }
  }
});

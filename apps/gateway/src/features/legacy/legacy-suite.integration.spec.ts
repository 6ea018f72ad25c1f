import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { keyIdOf, legacyMessageId } from '@communique-tee/crypto';
import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import {
  encodeKeyBinding,
  encodeLegacyMessage,
  legacyMessageFromJson,
  LIMITS,
  messageIdToText,
  toHex,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { createApp } from '../../create-app';
import { answer, problem, TestEnclave } from '../enclave/testing/test-enclave';
import { testConfig } from '../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../testing/issuer';

const bytes = (length: number) => new Uint8Array(randomBytes(length));
const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64');

describe('the legacy suite', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let issuer: Issuer;
  let nsm: Nsm;
  let enclave: TestEnclave;
  let legacyKey: Uint8Array | undefined;
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    [postgres, folder, issuer] = await Promise.all([startPostgres(), temporaryFolder(), createIssuer()]);
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    await writeFile(folder.file('root.pem'), await developmentRootPem(folder.file('root')));
    await issuer.writeKeySet(folder.file('jwks.json'));
  });
  afterAll(async () => {
    await nsm.close();
    await postgres.stop();
    await folder.remove();
  });
  beforeEach(async () => {
    legacyKey = bytes(32);
    const publicKey = new Uint8Array(32);
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, async (request, response) => {
      if (request.path !== '/attestation')
        return problem(request.path === '/messages' ? 'enclave_busy' : 'not_found')(request, response);
      const userData = encodeKeyBinding({
        keyId: keyIdOf(publicKey),
        receiptKey: new Uint8Array(32),
        custody: 'process',
        configSha256: new Uint8Array(32),
        ...(legacyKey && { legacyKey }),
      });
      answer(
        response,
        200,
        'application/cose',
        await nsm.attest({
          userData,
          publicKey,
          nonce: new Uint8Array(Buffer.from(request.query.get('nonce') ?? '', 'hex')),
        }),
      );
    });
  });
  afterEach(async () => {
    await close();
    await enclave.stop();
  });

  async function start({ withEnclave = true, environment = {} } = {}): Promise<void> {
    if (withEnclave) await enclave.start();
    const database = await postgres.createMigratedDatabase();
    const config = testConfig({
      DATABASE_URL: database,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_PROVIDER: 'mock',
      TEE_ENDPOINT: `unix:${folder.file('enclave')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: folder.file('root.pem'),
      ...environment,
    });
    const app = await createApp(config);
    close = () => app.close();
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    // Waits until the monitor has checked the enclave
    for (let round = 0; withEnclave && (await post(sealed())).body['code'] === 'enclave_unavailable'; round++) {
      if (round > 600) throw new Error('never verified');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const sealed = (teeKeyId = toHex(keyIdOf(legacyKey ?? new Uint8Array(32)))) => ({
    ciphertext: base64(bytes(600)),
    nonce: base64(bytes(24)),
    ephemeralPublicKey: `0x${toHex(bytes(32))}`,
    teeKeyId,
  });
  async function post(body: object, { as = 'alice', key }: { as?: string; key?: string } = {}) {
    const headers = {
      authorization: `Bearer ${await issuer.token(as)}`,
      'content-type': 'application/json',
      ...(key !== undefined && { 'idempotency-key': key }),
    };
    const response = await fetch(`${url}/api/messages`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
  async function publicKey() {
    const response = await fetch(`${url}/api/tee/public-key`);
    return {
      status: response.status,
      cache: response.headers.get('cache-control'),
      body: (await response.json()) as Record<string, unknown>,
    };
  }

  it('returns the attested key in the form that the client reads', async () => {
    await start();
    const key = legacyKey ?? new Uint8Array();
    expect(await publicKey()).toEqual({
      status: 200,
      cache: 'no-store',
      body: {
        success: true,
        keyId: toHex(keyIdOf(key)),
        publicKey: `0x${toHex(key)}`,
        algorithm: 'X25519-XChaCha20-Poly1305',
      },
    });
  });

  it('accepts the client’s JSON with an id derived from its ciphertext, for seven days, and relays its binary form', async () => {
    await start();
    const message = sealed();
    const before = Date.now();
    const { status, body } = await post(message);
    const id = messageIdToText(legacyMessageId(Buffer.from(message.ciphertext, 'base64')));
    expect([status, body['id'], body['status']]).toEqual([202, id, 'queued']);
    const expiresAt = Date.parse(String(body['expiresAt']));
    expect(expiresAt).toBeGreaterThanOrEqual(before - 1000 + LIMITS.maxLifetimeSeconds * 1000);
    expect(expiresAt).toBeLessThanOrEqual(Date.now() + LIMITS.maxLifetimeSeconds * 1000);
    const relayed = encodeLegacyMessage(legacyMessageFromJson(message));
    for (
      let round = 0;
      !enclave.requests.some(({ path, body: got }) => path === '/messages' && Buffer.compare(got, relayed) === 0);
      round++
    ) {
      if (round > 600) throw new Error('never relayed');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  it('treats the same ciphertext as the same message, and refuses it from another user', async () => {
    await start();
    const message = sealed();
    const first = await post({ ...message, suite: 'x25519-blake2b-xchacha20poly1305' });
    const second = await post(message);
    expect([second.status, second.body['id'], second.body['acceptedAt'], second.body['expiresAt']]).toEqual([
      202,
      first.body['id'],
      first.body['acceptedAt'],
      first.body['expiresAt'],
    ]);
    expect((await post(message, { as: 'bob' })).body['code']).toBe('message_id_taken');
    expect((await post(message, { key: 'a-key' })).body['id']).toBe(first.body['id']);
    expect((await post(sealed(), { key: 'a-key' })).body['code']).toBe('idempotency_key_reused');
    // The same ciphertext with another nonce does not become another message
    expect((await post({ ...message, nonce: base64(bytes(24)) })).body['code']).toBe('message_id_taken');
  });

  it('counts the messages of a UTC day, and counts a repeated message once', async () => {
    await start({ environment: { MESSAGES_PER_USER_DAY: '2' } });
    const as = 'carol';
    const [first, second] = [sealed(), sealed()];
    for (const message of [first, first, second]) expect((await post(message, { as })).status).toBe(202);
    expect(await post(sealed(), { as })).toMatchObject({ status: 429, body: { code: 'daily_messages_reached' } });
    expect((await post(first, { as })).status).toBe(202);
  });

  it.each<[string, object]>([
    ['plain text beside it', { deliveryAddress: { name: 'Test' } }],
    ['a short nonce', { nonce: base64(bytes(23)) }],
    ['no key', { ephemeralPublicKey: undefined }],
  ])('refuses JSON with %s', async (_what, change) => {
    await start();
    expect(await post({ ...sealed(), ...change })).toMatchObject({ status: 400, body: { code: 'malformed_body' } });
  });

  it('is closed if the enclave attests no legacy key', async () => {
    legacyKey = undefined;
    await start();
    expect(await publicKey()).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await post(sealed())).toMatchObject({ status: 422, body: { code: 'suite_unsupported' } });
  });

  it('is undecided before any enclave was verified: its key is not found, and its messages get 503', async () => {
    await start({ withEnclave: false });
    expect((await publicKey()).status).toBe(404);
    expect(await post(sealed())).toMatchObject({ status: 503, body: { code: 'enclave_unavailable' } });
  });

  it('stays open while the enclave cannot be reached, and closes when another program answers in its place', async () => {
    await start();
    await enclave.stop();
    for (let round = 0; (await publicKey()).status !== 404; round++) {
      await post(sealed()); // an attempt that finds no enclave triggers a check by the monitor
      if (round > 600) throw new Error('still trusted');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await post(sealed())).status).toBe(202);
    enclave.behaviour = (request, response) =>
      request.path === '/attestation'
        ? answer(response, 200, 'application/cose', 'no document')
        : problem('not_found')(request, response);
    await enclave.start();
    for (let round = 0; (await post(sealed())).status === 202; round++) {
      if (round > 600) throw new Error('still open');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await post(sealed())).toMatchObject({ status: 503, body: { code: 'enclave_unavailable' } });
  });
});

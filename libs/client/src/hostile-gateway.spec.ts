import { sealing } from '@communique-tee/crypto';
import { messageIdToText } from '@communique-tee/protocol';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import {
  connect,
  createDeliverySecret,
  fetchEnclaveKey,
  fetchMessage,
  postMessage,
  prepareMessage,
  watchMessage,
  type EnclaveKey,
} from '.';

/** The client does not trust the gateway, so any answer must end in an error with a code. */
describe('an untrusted gateway', () => {
  let server: Server | undefined;
  const answering = async (listener: RequestListener) => {
    server = createServer(listener);
    await new Promise<void>((listening) => server?.listen(0, '127.0.0.1', listening));
    return { gateway: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, token: 'a-token' };
  };
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((closed) => server?.close(closed));
  });
  const id = messageIdToText(new Uint8Array(16));

  it('is cut off at the size limit if it sends an endless answer', async () => {
    let sent = 0;
    const options = await answering((_request, response) => {
      const more = () => {
        sent += 65_536;
        if (!response.destroyed) response.write(Buffer.alloc(65_536, 0x20), () => setImmediate(more));
      };
      more();
    });
    await expect(fetchMessage(options, id)).rejects.toMatchObject({ code: 'answer_invalid' });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('cannot redirect the client, and no other address gets the token', async () => {
    let elsewhere = 0;
    const options = await answering((request, response) => {
      if (request.url === '/elsewhere') elsewhere++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await expect(fetchMessage(options, id)).rejects.toThrow();
    expect(elsewhere).toBe(0);
  });

  it.each([
    ['no JSON', 200, 'nonsense', 'answer_invalid'],
    ['bytes that are not UTF-8', 200, Buffer.from([0xff]), 'answer_invalid'],
    ['a member twice', 200, '{"id":1,"id":2}', 'answer_invalid'],
    ['another shape', 200, '{"id":1}', 'answer_invalid'],
    ['an error without a code', 500, '<html>', 'refused'],
    ['an error with a made up code', 400, '{"code":"__proto__"}', 'refused'],
  ])('causes an error with a code if it answers %s', async (_name, status, body, code) => {
    const options = await answering((_request, response) => response.writeHead(status).end(body));
    await expect(fetchMessage(options, id)).rejects.toMatchObject({ code, problem: undefined });
  });
});

describe('an error about the options of the client', () => {
  const gateway = 'http://user:geheim@127.0.0.1:9';
  const pcr0 = 'ab'.repeat(48);
  const pcr3 = 'cd'.repeat(48);
  const id = messageIdToText(new Uint8Array(16));

  it.each<[string, () => Promise<unknown>]>([
    ['connect', () => connect(gateway, { acceptedMeasurements: [{ pcr0, pcr3 }] }, { token: () => 'a-token' })],
    ['fetchEnclaveKey', () => fetchEnclaveKey(gateway, { acceptedMeasurements: [{ pcr0, pcr3 }] })],
    ['fetchMessage', () => fetchMessage({ gateway, token: 'a-token' }, id)],
    [
      'watchMessage',
      () =>
        watchMessage(id, {
          gateway,
          token: () => Promise.resolve('a-token'),
          deadlineMs: Date.now() + 3600_000,
        }).next(),
    ],
  ])('is thrown by %s at once for an address with a password, and does not quote the password', async (_name, ask) => {
    const error = await ask().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'policy_invalid',
      message: 'the gateway’s address must not have a user name or a password',
    });
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });

  it('is thrown for an address that is not a URL, and does not quote the password', async () => {
    const error: unknown = await connect(
      'http//user:geheim@x',
      { acceptedMeasurements: [{ pcr0, pcr3 }] },
      {
        token: () => 'a-token',
      },
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'policy_invalid' });
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });

  it('is thrown for a token that cannot be sent in a header, and does not quote the token', async () => {
    const error: unknown = await fetchMessage({ gateway: 'http://127.0.0.1:9', token: 'geheim\nx' }, id).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'policy_invalid' });
    expect(inspect(error, { depth: 9 })).not.toContain('geheim');
  });
});

describe('a message that is sealed again', () => {
  const { publicKey } = sealing.generateKeyPair();
  const key = { publicKey, keyId: sealing.keyIdOf(publicKey) } as EnclaveKey;
  const content = {
    version: 1 as const,
    deliverySecret: createDeliverySecret(),
    offices: ['HCA12'],
    constituent: {
      prefix: 'Ms.',
      firstName: 'Test',
      lastName: 'Person',
      address1: '1 Test Street',
      city: 'Oakland',
      state: 'CA' as const,
      zip: '94601',
      email: 'p@test.example',
    },
    message: { subject: 'A subject', body: 'A text of a test.', topics: ['Energy' as const] },
    campaignId: 'c1',
    proof: null,
  };

  it('keeps the id that the caller gives, and is posted under a new Idempotency-Key', async () => {
    const first = prepareMessage(content, key);
    const again = prepareMessage(content, key, { id: first.id });
    expect(again.id).toBe(first.id);
    expect(prepareMessage(content, key).id).not.toBe(first.id);
    const keys: unknown[] = [];
    const server = createServer((request, response) => {
      keys.push(request.headers['idempotency-key']);
      response.writeHead(500).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const gateway = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    for (const prepared of [first, first, again])
      await postMessage({ gateway, token: 't' }, prepared).catch(() => undefined);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
  });
});

import { sealing } from '@communique-tee/crypto';
import { messageIdToText } from '@communique-tee/protocol';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDeliverySecret, fetchMessage, postMessage, prepareMessage, type EnclaveKey } from '.';

/** A gateway that is not trusted: what it may do to a client is answer nonsense, and no more. */
describe('a gateway that', () => {
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

  it('sends without end is left at the limit', async () => {
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

  it('redirects is not followed, and gets the token nowhere else', async () => {
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
  ])('answers %s is an error with a code', async (_name, status, body, code) => {
    const options = await answering((_request, response) => response.writeHead(status).end(body));
    await expect(fetchMessage(options, id)).rejects.toMatchObject({ code, problem: undefined });
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

  it('keeps its id where it is told to, and is posted under a key of its own', async () => {
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

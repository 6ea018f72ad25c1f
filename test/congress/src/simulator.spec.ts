import { connect } from 'node:tls';
import { CongressSimulatorError, startCongressSimulator, type CongressSimulator } from './simulator';
import { fullCwc, minimalCwc } from './testing/documents';
import { send, type PostOptions } from './testing/post';

let simulator: CongressSimulator;
const houseUrl = (path = '/v2/message', key = simulator.house.apiKey) =>
  `${simulator.house.origin}${path}?apikey=${key}`;
const senateUrl = (path = '/api/production-messages/') =>
  `${simulator.senate.origin}${path}?apikey=${simulator.senate.apiKey}`;
const post = (body: string | Uint8Array, more: PostOptions = {}) => send(simulator, houseUrl(), { body, ...more });

describe('the Congress simulator', () => {
  beforeAll(async () => {
    simulator = await startCongressSimulator();
  });
  afterAll(() => simulator.stop());
  beforeEach(() => {
    simulator.setFaults({});
    simulator.clearReceived();
  });

  it('accepts a DeliveryId once in each chamber', async () => {
    expect(await post(minimalCwc())).toMatchObject({ status: 201 });
    expect(await post(minimalCwc())).toMatchObject({ status: 409 });
    expect(await send(simulator, senateUrl(), { body: minimalCwc({ office: 'SCA01' }) })).toMatchObject({
      status: 201,
    });
    expect(
      await send(simulator, senateUrl('/api/testing-messages/'), { body: minimalCwc({ office: 'SCA01' }) }),
    ).toMatchObject({ status: 409 });
    expect(simulator.received()).toEqual([
      {
        chamber: 'house',
        office: 'HCA12',
        deliveryId: 'A1b2C3d4E5f6A1b2C3d4E5f6A1b2C3d4',
        xml: minimalCwc(),
        at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
      expect.objectContaining({ chamber: 'senate', office: 'SCA01' }),
    ]);
  });

  it('accepts one of eight simultaneous messages with the same DeliveryId', async () => {
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await post(minimalCwc())).status));
    expect(statuses.sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
  });

  it('validates a message without storing it', async () => {
    expect(await send(simulator, houseUrl('/v2/validate'), { body: fullCwc() })).toMatchObject({ status: 200 });
    expect(await send(simulator, houseUrl('/v2/validate'), { body: '<CWC/>' })).toMatchObject({ status: 400 });
    expect(simulator.received()).toEqual([]);
  });

  it('answers an invalid document with a list of all its errors', async () => {
    const { status, headers, body } = await post(minimalCwc({ prefix: '', subject: 'abc' }));
    expect(status).toBe(400);
    expect(headers['content-type']).toMatch(/^application\/xml/);
    expect(body).toContain(
      '<Error>CWC/Constituent/Prefix: not of the required form</Error><Error>CWC/Message/Subject: not of the required form</Error>',
    );
    expect(simulator.received()).toEqual([]);
  });

  it.each<[string, () => Promise<{ status: number }>, number]>([
    ['a missing API key', () => send(simulator, `${simulator.house.origin}/v2/message`, { body: minimalCwc() }), 401],
    ['a wrong API key', () => send(simulator, houseUrl('/v2/message', 'wrong'), { body: minimalCwc() }), 401],
    [
      "the other chamber's API key",
      () => send(simulator, houseUrl('/v2/message', simulator.senate.apiKey), { body: minimalCwc() }),
      401,
    ],
    [
      'two API keys',
      () => send(simulator, `${houseUrl()}&apikey=${simulator.house.apiKey}`, { body: minimalCwc() }),
      401,
    ],
    ['another path', () => send(simulator, houseUrl('/v2/messages'), { body: minimalCwc() }), 404],
    [
      "the other chamber's path",
      () => send(simulator, houseUrl('/api/production-messages/'), { body: minimalCwc() }),
      404,
    ],
    [
      'a path that names a property of Object',
      () => send(simulator, houseUrl('/__proto__'), { body: minimalCwc() }),
      404,
    ],
    ['GET', () => send(simulator, houseUrl(), { method: 'GET' }), 405],
    ['POST to the offices', () => send(simulator, houseUrl('/v2/offices'), { body: '' }), 405],
    ['a missing content type', () => post(minimalCwc(), { headers: {} }), 415],
    ['JSON', () => post('{}', { headers: { 'content-type': 'application/json' } }), 415],
    [
      'a content type that only begins with application/xml',
      () => post(minimalCwc(), { headers: { 'content-type': 'application/xmlish' } }),
      415,
    ],
    ['an empty body', () => post(''), 400],
    ['bytes that are not text', () => post(Uint8Array.from({ length: 1000 }, (_, index) => index & 255)), 400],
    ["a Senate office at the House's API", () => post(minimalCwc({ office: 'SCA01' })), 400],
  ])('refuses %s', async (_name, attempt, status) => {
    expect((await attempt()).status).toBe(status);
    expect(simulator.received()).toEqual([]);
  });

  it('refuses a body that is too large without reading it all', async () => {
    const outcome = await post('x'.repeat(1_000_000)).then(
      ({ status }) => status,
      () => 'cut', // the answer may be lost with the unread rest
    );
    expect([413, 'cut']).toContain(outcome);
    expect(await post(minimalCwc())).toMatchObject({ status: 201 });
  });

  it('survives bytes that are not HTTP, and incomplete requests', async () => {
    const { port } = new URL(simulator.house.origin);
    for (const bytes of [
      '\u0000\u0001\u0002\r\n\r\n',
      'POST /v2/message HTTP/1.1\r\ncontent-length: 10\r\n\r\nx',
      `POST //${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(
          { host: '127.0.0.1', port: Number(port), servername: 'localhost', ca: simulator.certificateAuthorityPem },
          () => socket.end(bytes),
        );
        socket.on('error', () => undefined).resume();
        socket.once('close', () => resolve());
      });
    }
    expect(await post(minimalCwc())).toMatchObject({ status: 201 });
  });

  it.each(['HZZ99', 'HDC98', 'HCA53', 'HAS00', 'HAK01'])(
    'refuses the House office %s, which does not exist',
    async (office) => {
      expect(await post(minimalCwc({ office }))).toMatchObject({
        status: 400,
        body: expect.stringContaining('this office is not served') as string,
      });
      expect(simulator.received()).toEqual([]);
    },
  );

  it('refuses Senate offices that do not exist', async () => {
    for (const office of ['SDC01', 'SCA02'])
      expect(await send(simulator, senateUrl(), { body: minimalCwc({ office }) })).toMatchObject({ status: 400 });
  });

  it('lists every office that exists', async () => {
    const list = async (url: string) => (await send(simulator, url, { method: 'GET' })).body.match(/[HS][A-Z]{2}\d\d/g);
    expect(await list(houseUrl('/v2/offices'))).toHaveLength(441);
    expect(await list(senateUrl('/api/active_offices'))).toHaveLength(100);
  });

  it('serves only the offices of a given list', async () => {
    const listed = await startCongressSimulator({ house: { offices: ['HCA12'] } });
    const url = (path: string) => `${listed.house.origin}${path}?apikey=${listed.house.apiKey}`;
    expect((await send(listed, url('/v2/offices'), { method: 'GET' })).body).toContain('<Office>HCA12</Office>');
    expect(await send(listed, url('/v2/message'), { body: minimalCwc() })).toMatchObject({ status: 201 });
    expect(
      await send(listed, url('/v2/message'), { body: minimalCwc({ office: 'HCA13', deliveryId: 'B'.repeat(32) }) }),
    ).toMatchObject({ status: 400 });
    await listed.stop();
  });

  it('accepts a repeated message if it does not de-duplicate', async () => {
    const forgetful = await startCongressSimulator({ house: { deduplicates: false } });
    const url = `${forgetful.house.origin}/v2/message?apikey=${forgetful.house.apiKey}`;
    expect([
      await send(forgetful, url, { body: minimalCwc() }),
      await send(forgetful, url, { body: minimalCwc() }),
    ]).toMatchObject([{ status: 201 }, { status: 201 }]);
    expect(forgetful.received()).toHaveLength(2);
    await forgetful.stop();
  });

  it('refuses source addresses that are not on the list', async () => {
    const closed = await startCongressSimulator({
      house: { allowedAddresses: ['192.0.2.7'] },
      senate: { allowedAddresses: ['127.0.0.1'] },
    });
    expect(
      await send(closed, `${closed.house.origin}/v2/message?apikey=${closed.house.apiKey}`, { body: minimalCwc() }),
    ).toMatchObject({ status: 403 });
    expect(
      await send(closed, `${closed.senate.origin}/api/production-messages/?apikey=${closed.senate.apiKey}`, {
        body: minimalCwc({ office: 'SCA01' }),
      }),
    ).toMatchObject({ status: 201 });
    await closed.stop();
  });

  describe('faults', () => {
    it.each([
      ['before the message is read', 'before_reading', 0],
      ['after the message is read', 'after_reading', 0],
      ['after the message is stored', 'after_storing', 1],
      ['in the answer', 'in_the_answer', 1],
    ] as const)('cut the connection %s', async (_name, at, stored) => {
      simulator.setFaults({ queue: [{ fault: { kind: 'cut', at } }] });
      await expect(post(minimalCwc())).rejects.toMatchObject({
        code: expect.stringMatching(/ECONNRESET|EPIPE|HPE_/) as string,
      });
      expect(simulator.received()).toHaveLength(stored);
      expect(await post(minimalCwc())).toMatchObject({ status: stored === 1 ? 409 : 201 });
    });

    it('answer with garbage that is not HTTP', async () => {
      simulator.setFaults({ queue: [{ fault: { kind: 'garbage' } }] });
      await expect(post(minimalCwc())).rejects.toMatchObject({ code: expect.stringMatching(/^HPE_/) as string });
    });

    it('answer with a status, maintenance or a redirect, and store nothing', async () => {
      simulator.setFaults({
        queue: [
          { fault: { kind: 'status', status: 502, body: 'broken' } },
          { fault: { kind: 'maintenance', retryAfterSeconds: 120 } },
          { fault: { kind: 'redirect', location: 'https://elsewhere.example/' } },
        ],
      });
      expect(await post(minimalCwc())).toMatchObject({ status: 502, body: 'broken' });
      expect(await post(minimalCwc())).toMatchObject({ status: 503, headers: { 'retry-after': '120' } });
      expect(await post(minimalCwc())).toMatchObject({
        status: 307,
        headers: { location: 'https://elsewhere.example/' },
      });
      expect(simulator.received()).toEqual([]);
    });

    it('delay the answer, and the message is still stored', async () => {
      simulator.setFaults({
        queue: [{ fault: { kind: 'slow', delayMs: 20 } }, { fault: { kind: 'slow', delayMs: 20, stored: true } }],
      });
      expect(await post(minimalCwc())).toMatchObject({ status: 201 });
      expect(await post(minimalCwc({ deliveryId: 'B'.repeat(32) }))).toMatchObject({ status: 201 });
      expect(simulator.received()).toHaveLength(2);
    });

    it('do not keep a delayed request open after the simulator stops', async () => {
      const slow = await startCongressSimulator();
      slow.setFaults({ queue: [{ fault: { kind: 'slow', delayMs: 600_000, stored: true } }] });
      const waiting = send(slow, `${slow.house.origin}/v2/message?apikey=${slow.house.apiKey}`, {
        body: minimalCwc(),
      }).catch((error: unknown) => error);
      while (slow.received().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await slow.stop();
      expect(await waiting).toMatchObject({ code: 'ECONNRESET' });
    });
  });

  describe('the control port', () => {
    const control = (path: string, init?: RequestInit) => fetch(`${simulator.controlUrl}${path}`, init);

    it('lists the received messages, and forgets them on request', async () => {
      await post(minimalCwc());
      expect(await (await control('/received')).json()).toEqual(simulator.received());
      expect((await control('/received', { method: 'DELETE' })).status).toBe(204);
      expect(simulator.received()).toEqual([]);
      expect(await post(minimalCwc())).toMatchObject({ status: 201 });
    });

    it('accepts a fault plan', async () => {
      expect(
        (
          await control('/faults', {
            method: 'POST',
            body: JSON.stringify({ queue: [{ fault: { kind: 'status', status: 500 } }] }),
          })
        ).status,
      ).toBe(204);
      expect(await post(minimalCwc())).toMatchObject({ status: 500 });
      expect(await post(minimalCwc())).toMatchObject({ status: 201 });
    });

    it.each([
      ['a body that is not JSON', '/faults', 'x', 400],
      ['JSON that is not a fault plan', '/faults', '{"queue":[{"fault":{"kind":"fire"}}]}', 400],
      ['a body that is too large', '/faults', ' '.repeat(2_000_000), 413],
      ['another path', '/others', '{}', 404],
    ])('refuses %s', async (_name, path, body, status) => {
      const outcome = await control(path, { method: 'POST', body }).then(
        (answer) => answer.status,
        () => 413,
      );
      expect(outcome).toBe(status);
    });

    it('refuses a request for another host name', async () => {
      const { request } = await import('node:http');
      const status = await new Promise((resolve, reject) => {
        request(`${simulator.controlUrl}/received`, { headers: { host: 'evil.example' } }, (answer) =>
          resolve(answer.resume().statusCode),
        )
          .once('error', reject)
          .end();
      });
      expect(status).toBe(403);
    });
  });
});

describe('starting the Congress simulator', () => {
  it('is refused in production', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startCongressSimulator()).rejects.toMatchObject({
        name: 'CongressSimulatorError',
        code: 'production',
      });
    } finally {
      if (before === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = before;
    }
  });

  it('fails if a port is taken, and works once the port is free', async () => {
    const first = await startCongressSimulator();
    const port = Number(new URL(first.senate.origin).port);
    await expect(startCongressSimulator({ senate: { port } })).rejects.toBeInstanceOf(CongressSimulatorError);
    await first.stop();
    const second = await startCongressSimulator({ senate: { port } });
    await second.stop();
  });
});

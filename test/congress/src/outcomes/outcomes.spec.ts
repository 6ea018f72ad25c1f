import { HOUSE_OFFICES, SENATE_OFFICES } from '../offices';
import { startCongressSimulator, type CongressSimulator } from '../simulator';
import { minimalCwc } from '../testing/documents';
import { send } from '../testing/post';
import { outcomesSchema } from './outcome';
import { OutcomeTable } from './outcome-table';
import { PRESETS } from './presets';

const presetNames = Object.keys(PRESETS);

describe('the control port for outcomes', () => {
  let simulator: CongressSimulator;
  let number = 0;
  beforeAll(async () => {
    simulator = await startCongressSimulator({ senate: { deduplicates: false } });
  });
  afterAll(() => simulator.stop());
  beforeEach(() => {
    simulator.setOutcomes({});
    simulator.setFaults({});
    simulator.clearReceived();
  });

  const control = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${simulator.controlUrl}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const choose = async (office: string, outcome: object): Promise<void> => {
    expect((await control('PUT', `/outcomes/${office}`, outcome)).status).toBe(204);
  };
  const newId = () => String(number++).padStart(32, 'A');
  const post = (office: string, deliveryId = newId()) => {
    const chamber = office.startsWith('H') ? 'house' : 'senate';
    const path = chamber === 'house' ? '/v2/message' : '/api/production-messages/';
    return send(simulator, `${simulator[chamber].origin}${path}?apikey=${simulator[chamber].apiKey}`, {
      body: minimalCwc({ office, deliveryId }),
    });
  };

  it('accepts a message for any office until an outcome is chosen, because no office code has a special meaning', async () => {
    const offices = [...HOUSE_OFFICES, ...SENATE_OFFICES].filter((_, at) => at % 6 === 0);
    const statuses = await Promise.all(offices.map(async (office) => (await post(office)).status));
    expect(new Set(statuses)).toEqual(new Set([201]));
  });

  it.each<[string, object, number, number]>([
    ['accepted', {}, 201, 1],
    ['duplicate', {}, 409, 0],
    ['refused', { reason: 'Vacant & <closed>.' }, 400, 0],
    ['slow', { seconds: 1 }, 201, 1],
    ['maintenance', { retryAfterSeconds: 9 }, 503, 0],
    ['status', { status: 429 }, 429, 0],
  ])('makes one office answer “%s” and no other, and clears it again', async (answer, more, status, stored) => {
    await choose('HCA12', { answer, ...more });
    const { status: answered, body, headers } = await post('HCA12');
    expect(answered).toBe(status);
    if (answer === 'refused') expect(body).toContain('<Error>Vacant &amp; &lt;closed&gt;.</Error>');
    if (answer === 'maintenance') expect(headers['retry-after']).toBe('9');
    expect(simulator.received()).toHaveLength(stored);
    expect((await post('HCA13')).status).toBe(201);
    expect(await (await control('GET', '/outcomes')).json()).toMatchObject({ HCA12: { answer, ...more } });
    expect((await control('DELETE', '/outcomes/HCA12')).status).toBe(204);
    expect((await post('HCA12')).status).toBe(201);
  });

  it('cuts the connection after storing the message, once for each message', async () => {
    await choose('house', { answer: 'cut' });
    const id = newId();
    await expect(post('HCA12', id)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(simulator.received()).toMatchObject([{ office: 'HCA12', deliveryId: id }]);
    expect((await post('HCA12', id)).status).toBe(409);
    await expect(post('HCA12')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('counts the attempts of each message separately, and accepts after the last counted one', async () => {
    await choose('senate', { answer: 'maintenance', attempts: 2 });
    const [one, other] = [newId(), newId()];
    const statuses: number[] = [];
    for (const id of [one, one, other, one, other, other]) statuses.push((await post('SCA01', id)).status);
    expect(statuses).toEqual([503, 503, 503, 201, 503, 201]);
  });

  it('applies the office’s outcome first, then its chamber’s, then the fault plan', async () => {
    simulator.setFaults({ queue: [{ fault: { kind: 'status', status: 500 }, times: 'always' }] });
    await choose('senate', { answer: 'duplicate' });
    await choose('SCA03', { answer: 'accepted' });
    expect((await post('SCA01')).status).toBe(409);
    expect((await post('SCA03')).status).toBe(201);
    expect((await post('HCA12')).status).toBe(500);
  });

  it('still refuses an invalid document', async () => {
    await choose('HCA12', { answer: 'duplicate' });
    const url = `${simulator.house.origin}/v2/message?apikey=${simulator.house.apiKey}`;
    expect((await send(simulator, url, { body: minimalCwc({ prefix: '' }) })).status).toBe(400);
  });

  it('replaces all outcomes at once, by a set or by a preset, and clears them', async () => {
    await choose('HCA12', { answer: 'duplicate' });
    const set = { SCA01: { answer: 'refused', reason: 'no' } };
    expect((await control('PUT', '/outcomes', set)).status).toBe(204);
    expect(await (await control('GET', '/outcomes')).json()).toEqual(set);
    expect((await control('POST', '/presets/refused')).status).toBe(204);
    expect([(await post('HCA12')).status, (await post('SCA01')).status]).toEqual([400, 400]);
    expect((await control('DELETE', '/outcomes')).status).toBe(204);
    expect([(await post('HCA12')).status, (await post('SCA01')).status]).toEqual([201, 201]);
  });

  it('lists the presets, each of which is valid', async () => {
    expect(Object.keys((await (await control('GET', '/presets')).json()) as object)).toEqual(presetNames);
    for (const name of presetNames) expect((await control('POST', `/presets/${name}`)).status).toBe(204);
  });

  it.each<[string, string, string, unknown, number, string]>([
    ['an office that does not exist', 'PUT', '/outcomes/HCA53', { answer: 'refused' }, 404, 'unknown_office'],
    ['an office in lower case', 'PUT', '/outcomes/hca12', { answer: 'refused' }, 404, 'unknown_office'],
    ['a property of Object', 'PUT', '/outcomes/constructor', { answer: 'refused' }, 404, 'unknown_office'],
    ['no office', 'PUT', '/outcomes/', { answer: 'refused' }, 404, 'unknown_office'],
    ['clearing an office that does not exist', 'DELETE', '/outcomes/HZZ99', undefined, 404, 'unknown_office'],
    ['clearing what was not chosen', 'DELETE', '/outcomes/HCA11', undefined, 404, 'no_outcome'],
    ['an unknown answer', 'PUT', '/outcomes/HCA12', { answer: 'fire' }, 400, 'not_an_outcome'],
    ['no answer', 'PUT', '/outcomes/HCA12', {}, 400, 'not_an_outcome'],
    ['an array', 'PUT', '/outcomes/HCA12', [], 400, 'not_an_outcome'],
    ['an unknown field', 'PUT', '/outcomes/HCA12', { answer: 'accepted', office: 'X' }, 400, 'not_an_outcome'],
    ['an empty reason', 'PUT', '/outcomes/HCA12', { answer: 'refused', reason: ' ' }, 400, 'not_an_outcome'],
    ['a long reason', 'PUT', '/outcomes/HCA12', { answer: 'refused', reason: 'x'.repeat(501) }, 400, 'not_an_outcome'],
    ['an endless wait', 'PUT', '/outcomes/HCA12', { answer: 'slow', seconds: 1e9 }, 400, 'not_an_outcome'],
    ['no attempt', 'PUT', '/outcomes/HCA12', { answer: 'cut', attempts: 0 }, 400, 'not_an_outcome'],
    [
      'a number that is no HTTP status',
      'PUT',
      '/outcomes/HCA12',
      { answer: 'status', status: 99 },
      400,
      'not_an_outcome',
    ],
    ['no JSON', 'PUT', '/outcomes/HCA12', '{', 400, 'not_json'],
    ['a set with an unknown office', 'PUT', '/outcomes', { HCA53: { answer: 'duplicate' } }, 400, 'not_an_outcome'],
    ['a set with __proto__', 'PUT', '/outcomes', '{"__proto__":{"answer":"duplicate"}}', 400, 'not_json'],
    ['an unknown preset', 'POST', '/presets/fire', undefined, 404, 'unknown_preset'],
    ['a preset of Object', 'POST', '/presets/toString', undefined, 404, 'unknown_preset'],
    ['another method', 'PATCH', '/outcomes', {}, 404, 'no_such_address'],
    ['a path with a step up', 'PUT', '/outcomes/..%2fHCA12', {}, 404, 'no_such_address'],
  ])('refuses %s and changes nothing', async (_name, method, path, body, status, code) => {
    simulator.setOutcomes({ HCA12: { answer: 'duplicate' } });
    const answer = await control(method, path, body);
    expect([answer.status, await answer.json()]).toEqual([status, expect.objectContaining({ code })]);
    expect(await (await control('GET', '/outcomes')).json()).toEqual({ HCA12: { answer: 'duplicate' } });
  });

  it('refuses a huge body without reading it all', async () => {
    const outcome = await control('PUT', '/outcomes', ' '.repeat(8_000_000)).then(
      ({ status }) => status,
      () => 'cut', // the answer may be lost with the unread rest
    );
    expect([413, 'cut']).toContain(outcome);
    expect((await control('GET', '/outcomes')).status).toBe(200);
  });

  it.each([{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])(
    'refuses a request that a web page makes: %p',
    async (headers) => {
      const answer = await control('POST', '/presets/refused', undefined, headers as Record<string, string>);
      expect([answer.status, await answer.json()]).toEqual([403, expect.objectContaining({ code: 'loopback_only' })]);
      expect((await post('HCA12')).status).toBe(201);
    },
  );
});

describe('the table of outcomes', () => {
  it('keeps a bounded number of counts', () => {
    const table = new OutcomeTable();
    table.replace(outcomesSchema.parse({ house: { answer: 'cut' } }));
    const cut = { fault: { kind: 'cut', at: 'after_storing' } };
    expect(table.take('house', 'HCA12', 'first')).toEqual(cut);
    expect(table.take('house', 'HCA12', 'first')).toEqual({ fault: null });
    for (let other = 0; other < 100_000; other++) table.take('house', 'HCA12', String(other));
    expect(table.take('house', 'HCA12', 'first')).toEqual(cut);
  });
});

import { parseXml, type Fault } from '@communique-tee/congress-simulator';
import { createEgress } from '../../../egress';
import { congressConfigSchema, createCongress, deliveryId, type Congress, type OfficeResult } from '.';
import { testMessage } from './testing/messages';
import { configFor, setUp, type Setup } from './testing/setup';

let serial = 0;
const nextId = () =>
  deliveryId(
    new Uint8Array(32),
    Uint8Array.from({ length: 16 }, (_, at) => (serial >> (8 * at)) & 255),
    serial++ % 2 ? 'HCA12' : 'HCA13',
  );
const deliver = (congress: Congress, more: Partial<Parameters<Congress['deliver']>[0]> = {}) =>
  congress.deliver({ office: 'HCA12', message: testMessage(), deliveryId: nextId(), ...more });

describe('a delivery that the chamber answers', () => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp();
  });
  afterAll(() => setup.simulator.stop());
  beforeEach(() => {
    setup.simulator.setFaults({});
    setup.simulator.clearReceived();
  });

  it('arrives once for each office of both chambers, and is accepted', async () => {
    for (const office of ['HCA12', 'SCA01', 'SCA03'])
      expect(await deliver(setup.congress, { office })).toEqual({ outcome: 'accepted', reason: null, detail: null });
    expect(setup.simulator.received().map(({ chamber, office }) => `${chamber} ${office}`)).toEqual([
      'house HCA12',
      'senate SCA01',
      'senate SCA03',
    ]);
  });

  it('has the length of its size class in transit, where the parent can see it', async () => {
    const bodies = ['A short text.', 'A longer text. '.repeat(100), 'A very long text. '.repeat(500)];
    for (const body of bodies) {
      const message = testMessage();
      await deliver(setup.congress, { message: { ...message, message: { ...message.message, body } } });
    }
    const sent = setup.simulator.received().map(({ xml }) => Buffer.byteLength(xml));
    expect(sent).toEqual([4096, 4096, 16_384]);
  });

  it('ends as a duplicate the second time, and arrives once', async () => {
    const id = nextId();
    expect(await deliver(setup.congress, { deliveryId: id })).toMatchObject({ outcome: 'accepted' });
    expect(await deliver(setup.congress, { deliveryId: id })).toEqual({
      outcome: 'duplicate',
      reason: 'already_received',
      detail: null,
    });
    expect(setup.simulator.received()).toHaveLength(1);
  });

  const answered: [string, Fault, OfficeResult][] = [
    ['200', { kind: 'status', status: 200, stored: true }, { outcome: 'accepted', reason: null, detail: null }],
    [
      '400',
      { kind: 'status', status: 400, body: '<Errors><Error>no &lt;such&gt; district</Error></Errors>', stored: false },
      { outcome: 'refused', reason: 'refused_by_office', detail: 'no <such> district' },
    ],
    [
      '413',
      { kind: 'status', status: 413, body: '', stored: false },
      { outcome: 'refused', reason: 'refused_by_office', detail: null },
    ],
    [
      '415',
      { kind: 'status', status: 415, body: 'type', stored: false },
      { outcome: 'refused', reason: 'refused_by_office', detail: 'type' },
    ],
    [
      '422',
      { kind: 'status', status: 422, body: 'a\u0000b\u001b[31m\u202ec\n\nd', stored: false },
      { outcome: 'refused', reason: 'refused_by_office', detail: 'a b [31m c d' },
    ],
    [
      '401',
      { kind: 'status', status: 401, stored: false },
      { outcome: 'pending', reason: 'credentials_refused', detail: null },
    ],
    [
      '403',
      { kind: 'status', status: 403, stored: false },
      { outcome: 'pending', reason: 'credentials_refused', detail: null },
    ],
    [
      '404',
      { kind: 'status', status: 404, stored: false },
      { outcome: 'pending', reason: 'endpoint_not_found', detail: null },
    ],
    [
      '405',
      { kind: 'status', status: 405, stored: false },
      { outcome: 'pending', reason: 'endpoint_not_found', detail: null },
    ],
    [
      '429 with a Retry-After in seconds',
      { kind: 'status', status: 429, retryAfter: '17', stored: false },
      { outcome: 'pending', reason: 'rate_limited', detail: null },
    ],
    [
      '429 with a malformed Retry-After',
      { kind: 'status', status: 429, retryAfter: 'soon', stored: false },
      { outcome: 'pending', reason: 'rate_limited', detail: null },
    ],
    [
      '503 with a Retry-After of an hour',
      { kind: 'maintenance', retryAfterSeconds: 3600 },
      { outcome: 'pending', reason: 'maintenance', detail: null },
    ],
    [
      '503 with a Retry-After of a week',
      { kind: 'maintenance', retryAfterSeconds: 604_800 },
      { outcome: 'pending', reason: 'maintenance', detail: null },
    ],
    [
      '503 with a Retry-After in the past',
      { kind: 'status', status: 503, retryAfter: 'Fri, 31 Dec 1999 23:59:59 GMT', stored: false },
      { outcome: 'pending', reason: 'maintenance', detail: null },
    ],
  ];
  it.each(answered)(
    'gets its outcome from the status of the answer, and ignores Retry-After: %s',
    async (_name, fault, result) => {
      setup.simulator.setFaults({ queue: [{ fault }] });
      expect(await deliver(setup.congress)).toEqual(result);
    },
  );

  it('returns the chamber’s text cut to 500 characters, and never the API key', async () => {
    const { apiKey } = setup.simulator.house;
    setup.simulator.setFaults({
      queue: [{ fault: { kind: 'status', status: 400, body: `apikey ${apiKey} ${'\u{1f5fd}'.repeat(100_000)}` } }],
    });
    const { outcome, detail } = await deliver(setup.congress);
    expect(outcome).toBe('refused');
    expect(detail).toMatch(/^apikey \*\*\* \u{1f5fd}+$/u);
    expect(detail?.length).toBeLessThanOrEqual(500);
    expect(detail?.isWellFormed()).toBe(true);
  });

  it('is refused only by the office that refuses it', async () => {
    setup.simulator.setFaults({
      queue: [{ office: 'SCA03', fault: { kind: 'status', status: 400, body: 'no' }, times: 'always' }],
    });
    const outcomes = await Promise.all(
      ['HCA12', 'SCA01', 'SCA03'].map(async (office) => (await deliver(setup.congress, { office })).outcome),
    );
    expect(outcomes).toEqual(['accepted', 'accepted', 'refused']);
  });

  it('is not sent if the message does not meet the schema', async () => {
    expect(await deliver(setup.congress, { message: { ...testMessage(), campaignId: 'x' } })).toEqual({
      outcome: 'refused',
      reason: 'message_invalid',
      detail: null,
    });
    expect(await deliver(setup.congress, { office: 'HNY10' })).toMatchObject({
      outcome: 'refused',
      reason: 'message_invalid',
    });
    expect(setup.simulator.received()).toEqual([]);
  });

  it.each([
    ['prefix', 'constituent'],
    ['firstName', 'constituent'],
    ['middleName', 'constituent'],
    ['lastName', 'constituent'],
    ['suffix', 'constituent'],
    ['title', 'constituent'],
    ['organization', 'constituent'],
    ['address1', 'constituent'],
    ['address2', 'constituent'],
    ['address3', 'constituent'],
    ['city', 'constituent'],
    ['email', 'constituent'],
    ['subject', 'message'],
    ['body', 'message'],
    ['campaignId', ''],
  ])('arrives as plain text if %s contains an injection', async (field, group) => {
    const attack =
      field === 'email'
        ? '"></Email><Phone>&amp;x</Phone>@evil.example'
        : '</Prefix><MemberOffice>SNY01</MemberOffice>]]>&amp;&#38;&xxe;<!DOCTYPE x><!--<![CDATA[';
    const message = testMessage();
    const changed =
      group === ''
        ? { ...message, [field]: attack }
        : { ...message, [group]: { ...message[group as 'message' | 'constituent'], [field]: attack } };
    expect(await deliver(setup.congress, { message: changed })).toMatchObject({ outcome: 'accepted' });
    const [arrived] = setup.simulator.received();
    const root = parseXml(new TextEncoder().encode(arrived?.xml ?? ''));
    const texts = (element: typeof root): string[] => [element.text, ...element.children.flatMap(texts)];
    expect(texts(root).filter((text) => text === attack)).toHaveLength(1);
    expect(arrived?.office).toBe('HCA12');
  });

  it('stays pending as busy if the chamber’s pace leaves no slot for it in time', async () => {
    const paced = createCongress(
      configFor(setup.simulator, true, { minIntervalMs: 2000, timeoutMs: 2000 }),
      setup.egress,
      { nowMs: () => Date.now() },
    );
    const deliveries = await Promise.all([
      deliver(paced),
      deliver(paced, { office: 'HCA13', message: testMessage(['HCA13']) }),
      deliver(paced, { office: 'SCA01' }),
    ]);
    expect(deliveries).toEqual([
      { outcome: 'accepted', reason: null, detail: null },
      { outcome: 'pending', reason: 'busy', detail: null },
      { outcome: 'accepted', reason: null, detail: null }, // the Senate has a separate pace
    ]);
  });

  it('is given up if the caller aborts before or during the wait for a slot', async () => {
    expect(await deliver(setup.congress, { signal: AbortSignal.abort() })).toEqual({
      outcome: 'pending',
      reason: 'aborted',
      detail: null,
    });
    const controller = new AbortController();
    const paced = createCongress(configFor(setup.simulator, true, { minIntervalMs: 5000 }), setup.egress, {
      nowMs: () => Date.now(),
    });
    await deliver(paced);
    const waiting = deliver(paced, { signal: controller.signal });
    controller.abort();
    expect(await waiting).toMatchObject({ outcome: 'pending', reason: 'aborted' });
    expect(setup.simulator.received()).toHaveLength(1);
  });
});

describe.each([
  [true, 'pending'],
  [false, 'unknown'],
])('a delivery whose answer is lost, with de-duplicating chambers: %s', (deduplicates, outcome) => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await setUp({ both: { deduplicates }, configure: { timeoutMs: 3000 } });
  });
  afterAll(() => setup.simulator.stop());
  beforeEach(() => {
    setup.simulator.setFaults({});
    setup.simulator.clearReceived();
  });

  const lost: [string, Fault, string, number][] = [
    ['cut before reading', { kind: 'cut', at: 'before_reading' }, 'connection_lost', 0],
    ['cut after reading', { kind: 'cut', at: 'after_reading' }, 'connection_lost', 0],
    ['cut after storing', { kind: 'cut', at: 'after_storing' }, 'connection_lost', 1],
    ['cut in the answer', { kind: 'cut', at: 'in_the_answer' }, 'connection_lost', 1],
    ['silent after storing', { kind: 'slow', delayMs: 60_000, stored: true }, 'answer_timeout', 1],
    ['garbage', { kind: 'garbage', stored: true }, 'malformed_answer', 1],
    ['redirect', { kind: 'redirect', location: 'https://elsewhere.example/' }, 'redirected', 0],
    ['500', { kind: 'status', status: 500, stored: true }, 'server_error', 1],
    ['502', { kind: 'status', status: 502, stored: false }, 'server_error', 0],
    ['204', { kind: 'status', status: 204, body: '', stored: true }, 'unexpected_status', 1],
    ['418', { kind: 'status', status: 418, stored: false }, 'unexpected_status', 0],
  ];
  it.each(lost)(`is ${outcome} after this fault of the chamber: %s`, async (_name, fault, reason, stored) => {
    setup.simulator.setFaults({ queue: [{ fault }] });
    expect(await deliver(setup.congress)).toEqual({ outcome, reason, detail: null });
    expect(setup.simulator.received()).toHaveLength(stored);
  });

  it('counts as possibly sent if the caller aborts after sending', async () => {
    setup.simulator.setFaults({ queue: [{ fault: { kind: 'slow', delayMs: 60_000, stored: true } }] });
    const controller = new AbortController();
    const delivery = deliver(setup.congress, { signal: controller.signal });
    while (setup.simulator.received().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    expect(await delivery).toEqual({ outcome, reason: 'aborted', detail: null });
  });

  it(deduplicates ? 'is a duplicate when it is sent again' : 'would arrive twice if it were sent again', async () => {
    const id = nextId();
    setup.simulator.setFaults({ queue: [{ fault: { kind: 'cut', at: 'after_storing' } }] });
    expect(await deliver(setup.congress, { deliveryId: id })).toMatchObject({ outcome });
    expect(await deliver(setup.congress, { deliveryId: id })).toMatchObject({
      outcome: deduplicates ? 'duplicate' : 'accepted',
    });
    expect(setup.simulator.received()).toHaveLength(deduplicates ? 1 : 2);
  });

  it('goes to chambers whose configured value `deduplicates` returns', () => {
    expect([setup.congress.deduplicates('house'), setup.congress.deduplicates('senate')]).toEqual([
      deduplicates,
      deduplicates,
    ]);
  });
});

describe('a delivery stays pending if', () => {
  it('no server listens', async () => {
    const { simulator, congress } = await setUp({ both: { deduplicates: false } });
    await simulator.stop();
    expect(await deliver(congress)).toEqual({ outcome: 'pending', reason: 'unreachable', detail: null });
  });

  it('the chamber does not know the source address or the API key', async () => {
    const listed = await setUp({ both: { allowedAddresses: ['192.0.2.1'] } });
    expect(await deliver(listed.congress)).toMatchObject({ outcome: 'pending', reason: 'credentials_refused' });
    await listed.simulator.stop();
    const keyed = await setUp({ configure: { apiKeyReadableInImage: 'another-key' } });
    expect(await deliver(keyed.congress)).toMatchObject({ outcome: 'pending', reason: 'credentials_refused' });
    await keyed.simulator.stop();
  });

  it('egress does not allow the destination', async () => {
    const { simulator, config } = await setUp();
    const congress = createCongress(config, createEgress({ mode: 'direct' }, []), { nowMs: () => Date.now() });
    expect(await deliver(congress)).toEqual({ outcome: 'pending', reason: 'not_allowed', detail: null });
    await simulator.stop();
  });

  it('the host name has no address', async () => {
    const { simulator, config } = await setUp();
    const elsewhere = congressConfigSchema.parse({
      ...config,
      house: { ...config.house, origin: 'https://no-such-name.invalid' },
    });
    const congress = createCongress(
      elsewhere,
      createEgress({ mode: 'direct' }, [{ host: 'no-such-name.invalid', port: 443 }]),
      { nowMs: () => Date.now() },
    );
    expect(await deliver(congress)).toEqual({ outcome: 'pending', reason: 'name_not_resolved', detail: null });
    await simulator.stop();
  });
});

it('the enclave sends any API key as exactly one value of the query', async () => {
  const apiKey = `x&office=HCA01#?a=b/../../validate%0d%0aHost:evil;"'\\`;
  const { simulator, congress } = await setUp({ both: { apiKey }, configure: { apiKeyReadableInImage: apiKey } });
  const result = await deliver(congress);
  expect(result).toMatchObject({ outcome: 'accepted' });
  expect(simulator.received()).toHaveLength(1);
  await simulator.stop();
});

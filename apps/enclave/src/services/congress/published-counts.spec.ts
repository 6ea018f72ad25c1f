import type { CongressSimulator } from '@communique-tee/congress-simulator';
import {
  CONNECTION_ENDS,
  ENCLAVE_DESTINATIONS,
  encodeCanonical,
  enclaveHealthSchema,
  type CongressMessage,
  type EnclaveHealth,
} from '@communique-tee/protocol';
import { congressMessage, startEnclaveFixture, type EnclaveFixture } from '../../testing/enclave-fixture';
import { Sender } from '../../testing/sender';

type Faults = Parameters<CongressSimulator['setFaults']>[0];
type Totals = EnclaveHealth['connections']['totals'];

const PUBLISH_EVERY_MS = 20;

let fixture: EnclaveFixture;
beforeAll(async () => {
  fixture = await startEnclaveFixture({ publishEveryMs: PUBLISH_EVERY_MS });
});
afterAll(() => fixture.stop());

const published = async () => enclaveHealthSchema.parse(await (await fetch(`${fixture.url}/health`)).json());
const sum = (totals: Totals) =>
  Object.values(totals)
    .flatMap((ends) => Object.values(ends))
    .reduce((all, count) => all + count, 0);

/** Zero connections to every destination. The six counts are in the order of CONNECTION_ENDS. */
const NONE = Object.fromEntries(ENCLAVE_DESTINATIONS.map((each) => [each, [0, 0, 0, 0, 0, 0]]));
const ONE_MESSAGE = { ...NONE, house: [1, 0, 0, 0, 0, 0], senate: [2, 0, 0, 0, 0, 0] };

/** Relays one message, waits until `connections` connections are counted, and returns what the enclave publishes and logs. */
async function publishedOf(message: Partial<CongressMessage>, faults: Faults, connections: number) {
  const { totals: before } = (await published()).connections;
  const logged = fixture.log.length;
  fixture.congress.setFaults(faults);
  const sender = new Sender(fixture.trustAnchor, () => Date.now());
  // The test seals without the client library's check, as another client might
  const prepared = sender.sealBytes(await sender.key(fixture.url), encodeCanonical(congressMessage(message)));
  await sender.relayed(fixture.url, prepared);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 2 * PUBLISH_EVERY_MS));
  const arePublished = async () => sum((await published()).connections.totals) >= sum(before) + connections;
  for (let round = 0; round < 500 && !(await arePublished()); round++) await pause();
  // Waits, because the enclave might wrongly count something after the connections have ended
  await pause();
  const now = await published();
  const { totals, certificatesRefused } = now.connections;
  const counted = Object.fromEntries(
    ENCLAVE_DESTINATIONS.map((destination) => [
      destination,
      CONNECTION_ENDS.map((end) => totals[destination][end] - before[destination][end]),
    ]),
  );
  const log = fixture.log.slice(logged).map((line) => (JSON.parse(line) as { event: string }).event);
  return { healthy: now.healthy, reasons: now.reasons, certificatesRefused, counted, log };
}

const status = (code: number, body = '<ResponseXML>Dear Senator</ResponseXML>'): Faults => ({
  queue: [{ fault: { kind: 'status', status: code, body }, times: 'always' }],
});

it('the enclave reports only the connections that the parent carries, whatever Congress answers', async () => {
  const answers: [string, Faults][] = [
    ['201', {}],
    ...[200, 400, 401, 404, 409, 415, 429, 500, 503].map((code): [string, Faults] => [String(code), status(code)]),
    ['a long answer', status(400, 'x'.repeat(200_000))],
    ['a redirect', { queue: [{ fault: { kind: 'redirect', location: 'https://localhost/' }, times: 'always' }] }],
    ['no HTTP', { queue: [{ fault: { kind: 'garbage' }, times: 'always' }] }],
    ['a late answer', { queue: [{ fault: { kind: 'slow', delayMs: 60_000 }, times: 'always' }] }],
    ...(['before_reading', 'after_reading', 'after_storing', 'in_the_answer'] as const).map((at): [string, Faults] => [
      `cut ${at}`,
      { queue: [{ fault: { kind: 'cut', at }, times: 'always' }] },
    ]),
  ];
  for (const [answer, faults] of answers) {
    expect({ answer, ...(await publishedOf({}, faults, 3)) }).toEqual({
      answer,
      healthy: true,
      reasons: [],
      certificatesRefused: [],
      counted: ONE_MESSAGE,
      log: ['message_handled'],
    });
  }
});

it('the enclave reports only the connections that the parent carries, whatever is sealed', async () => {
  const { constituent } = congressMessage();
  const contents: [string, Partial<CongressMessage>, number][] = [
    [
      'a longer text',
      { message: { subject: 'Another subject', body: 'Another text. '.repeat(20), topics: ['Energy'] } },
      3,
    ],
    ['another person', { constituent: { ...constituent, firstName: 'Another', phone: '202-555-0101' } }, 3],
    [
      'another residence',
      { constituent: { ...constituent, address1: '2 Other Road', city: 'Fresno', zip: '93650' } },
      3,
    ],
    ['a residence in another state', { constituent: { ...constituent, state: 'NY', zip: '10001' } }, 0],
    ['an office that does not exist', { offices: ['HCA99', 'SCA01', 'SCA03'] }, 0],
    ['an invalid zip code', { constituent: { ...constituent, zip: 'Dear Senator' } }, 0],
  ];
  for (const [content, message, connections] of contents) {
    const { counted, certificatesRefused, log } = await publishedOf(message, {}, connections);
    expect({ content, counted, certificatesRefused, log }).toEqual({
      content,
      certificatesRefused: [],
      counted: connections === 0 ? NONE : ONE_MESSAGE,
      log: ['message_handled'],
    });
  }
});

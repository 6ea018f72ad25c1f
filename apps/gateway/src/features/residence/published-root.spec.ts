import { signRootNote } from '@communique-tee/residence';
import { FOREIGN_SIGNING_KEY, ListServer, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { signingKeyOf } from '@communique-tee/transparency';
import { Logger } from '../../core/telemetry/logger';
import { Metrics } from '../../core/telemetry/metrics';
import { PublishedRoot } from './published-root';

const DAY = 86_400;
const now = () => Math.floor(Date.now() / 1000);

const OTHER_REGISTRAR = signingKeyOf('another-registrar', new Uint8Array(32).fill(7));

interface Lasting {
  readonly from?: number;
  readonly days?: number;
  readonly key?: typeof FOREIGN_SIGNING_KEY;
}
/** Makes a root note. `from`: its start in days from now. */
function noteOf({ from = 0, days = 10, key = TEST_REGISTRAR.signingKeys[0] }: Lasting = {}): Uint8Array {
  const notBefore = now() + from * DAY;
  const root = new Uint8Array(32).fill(1);
  const note = { registrar: key.name, root, notBefore, notAfter: notBefore + days * DAY, places: 1 };
  return Buffer.from(signRootNote(note, key));
}
const published = (bytes: Uint8Array | string) => new Map([['root.note', Buffer.from(bytes)]]);

describe('PublishedRoot', () => {
  let server: ListServer;
  let lines: string[];
  let metrics: Metrics;
  const open: PublishedRoot[] = [];
  beforeEach(async () => {
    server = await ListServer.start(published(noteOf()));
    lines = [];
    metrics = new Metrics();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.beforeApplicationShutdown();
    await server[Symbol.asyncDispose]();
  });

  function root(everyMs = 3_600_000): PublishedRoot {
    const logger = new Logger({ log: { level: 'info' } }, { write: (line) => void lines.push(line) });
    const { id: registrar, verifierKeys } = TEST_REGISTRAR;
    const residence = { mode: 'required', registrar, keys: [verifierKeys[0]], files: server.url } as const;
    const one = new PublishedRoot({ residence }, logger, metrics);
    Object.assign(one.timing, { everyMs, timeoutMs: 1000 });
    open.push(one);
    return one;
  }
  async function reads(): Promise<Record<string, number>> {
    const { values } = (await metrics.registry
      .getSingleMetric('communique_residence_root_reads_total')
      ?.get()) as unknown as { values: { labels: { outcome: string }; value: number }[] };
    return Object.fromEntries(
      values.filter(({ value }) => value > 0).map(({ labels, value }) => [labels.outcome, value]),
    );
  }
  const until = async (holds: () => boolean | Promise<boolean>) => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const outcome = async () => {
    await until(async () => Object.keys(await reads()).length > 0);
    return Object.keys(await reads())[0];
  };
  const daysLeft = (one: PublishedRoot) => {
    const seconds = one.secondsLeft(new Date());
    return seconds === null ? null : Math.round(seconds / DAY);
  };

  it('reads the root when the gateway starts, does not delay the start, and logs no line', async () => {
    const one = root();
    one.onApplicationBootstrap();
    expect(one.secondsLeft(new Date())).toBeNull();
    expect(await outcome()).toBe('ok');
    expect(daysLeft(one)).toBe(10);
    expect(server.paths).toEqual(['root.note']);
    expect(lines).toEqual([]);
  });

  it.each<[string, string, () => ReadonlyMap<string, Uint8Array>, number | null]>([
    ['nothing', 'absent', () => new Map(), null],
    ['a file of 5 MB', 'unreachable', () => published('x'.repeat(5_000_000)), null],
    ['a note that is not UTF-8', 'refused', () => published(Uint8Array.of(0xff, 0x0a)), null],
    ['a note signed by a foreign key', 'refused', () => published(noteOf({ key: FOREIGN_SIGNING_KEY })), null],
    ['a note of another registrar', 'refused', () => published(noteOf({ key: OTHER_REGISTRAR })), null],
    ['a note that has not begun', 'not_yet', () => published(noteOf({ from: 2 })), null],
    ['a note that has ended', 'ended', () => published(noteOf({ from: -12 })), -2],
  ])('if the host has %s, counts `%s` and logs it', async (_, expected, files, days) => {
    server.files = files();
    const one = root();
    one.onApplicationBootstrap();
    expect(await outcome()).toBe(expected);
    expect(daysLeft(one)).toBe(days);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`"outcome":"${expected}"`);
  });

  it.each<[string, ListServer['answer']]>([
    ['does not answer', () => true],
    ['stops in the middle', (_, response) => response.writeHead(200).write('communique-tee residence')],
    ['redirects', (_, response) => response.writeHead(302, { location: server.url }).end() !== undefined],
    ['answers 500', (_, response) => response.writeHead(500).end() !== undefined],
  ])('counts `unreachable` if the host %s', async (_, answer) => {
    server.answer = answer;
    root().onApplicationBootstrap();
    expect(await outcome()).toBe('unreachable');
  });

  it('keeps the latest end of a root while readings fail, even if an older note is read, and logs each change once', async () => {
    const one = root(4);
    one.onApplicationBootstrap();
    await until(async () => ((await reads())['ok'] ?? 0) >= 2);
    server.files = new Map();
    await until(async () => ((await reads())['absent'] ?? 0) >= 3);
    expect(daysLeft(one)).toBe(10);
    const again = (await reads())['ok'] ?? 0;
    server.files = published(noteOf({ from: -5 }));
    await until(async () => ((await reads())['ok'] ?? 0) > again);
    expect(daysLeft(one)).toBe(10);
    server.files = published(noteOf({ days: 14 }));
    await until(() => daysLeft(one) === 14);
    expect(lines.map((line) => (JSON.parse(line) as { outcome: string }).outcome)).toEqual(['absent', 'ok']);
  });

  it('aborts a running reading when the gateway shuts down, and does not read if residence is off', async () => {
    const asked = new Promise<void>((resolve) => {
      server.answer = () => {
        resolve();
        return true;
      };
    });
    const one = root();
    one.timing.timeoutMs = 3_600_000;
    one.onApplicationBootstrap();
    await asked;
    await one.beforeApplicationShutdown();
    expect([await reads(), lines]).toEqual([{}, []]);
    const off = new PublishedRoot({ residence: { mode: 'off' } }, {} as Logger, new Metrics());
    off.onApplicationBootstrap();
    await off.beforeApplicationShutdown();
    expect(server.paths).toHaveLength(1);
  });
});

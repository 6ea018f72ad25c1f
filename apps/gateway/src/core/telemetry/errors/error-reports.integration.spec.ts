import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { sealedMessageToJson } from '@communique-tee/protocol';
import { parseSentryDsn } from '@communique-tee/gateway-environment';
import { ProblemError } from '../../problems/problem-error';
import { MessagesService } from '../../../features/messages/messages.service';
import { startGateway } from '../../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../../testing/issuer';
import { sealedMessage } from '../../../testing/sealed';
import { Logger } from '../logger';
import { Metrics } from '../metrics';
import { NestLogger } from '../nest-logger';
import { withRequestId } from '../request-context';
import { ErrorReports } from './error-reports';
import { SentrySimulator } from './testing/sentry-simulator';

const KEY = '0123456789abcdef0123456789abcdef';
const REQUEST_ID = '5c0e4b1c-3d63-4c3e-8d15-6d7a0a4f8f11';

describe('error reports', () => {
  let sentry: SentrySimulator;
  let dsn: string;
  let lines: string[];
  let metrics: Metrics;
  let logger: Logger;
  let reports: ErrorReports;

  beforeEach(async () => {
    sentry = new SentrySimulator(KEY);
    dsn = await sentry.start();
    [lines, metrics] = [[], new Metrics()];
    // Reports do not depend on what the log shows.
    logger = new Logger({ log: { level: 'warn' } }, { write: (line) => lines.push(line) });
    reports = new ErrorReports(
      { environment: 'test', errorReports: parseSentryDsn(dsn) ?? { endpoint: '', publicKey: '' } },
      logger,
      metrics,
    );
  });
  afterEach(async () => {
    sentry.behaviour = { kind: 'take' };
    await reports.onApplicationShutdown();
    await sentry.stop();
  });

  /** Each code makes a separate kind of error. */
  const fail = (code: string, event = 'request failed') => {
    logger.error({ err: new Error('x'), code, status: 500 }, event as 'request failed');
  };
  const count = async (outcome: string) =>
    Number(
      / (\d+)$/.exec(
        (await metrics.registry.getSingleMetricAsString('communique_error_reports_total'))
          .split('\n')
          .find((line) => line.includes(`"${outcome}"`)) ?? '',
      )?.[1] ?? 0,
    );
  const untilCounted = async (outcome: string, least: number) => {
    for (let round = 0; round < 1000 && (await count(outcome)) < least; round++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return count(outcome);
  };
  const warnings = () =>
    lines
      .map((line) => JSON.parse(line) as { level: string; msg: string })
      .filter(({ level }) => level === 'warn')
      .map(({ msg }) => msg);

  it('arrive as an envelope of one event, with the key of the project', async () => {
    withRequestId(REQUEST_ID, () => {
      logger.error(
        { err: new TypeError('x'), code: 'internal_error', status: 500, method: 'GET', route: '/api/budget' },
        'request failed',
      );
    });
    await sentry.until(() => sentry.arrivals.length > 0);
    const [arrival] = sentry.arrivals;
    expect(arrival).toMatchObject({
      method: 'POST',
      url: '/api/42/envelope/',
      headers: {
        'content-type': 'application/x-sentry-envelope',
        'x-sentry-auth': `Sentry sentry_version=7, sentry_client=communique-gateway/1, sentry_key=${KEY}`,
      },
    });
    expect(Object.keys(arrival?.envelope.header ?? {}).sort()).toEqual(['event_id', 'sdk', 'sent_at']);
    const [event] = sentry.events();
    expect(Object.keys(event ?? {}).sort()).toEqual([
      'environment',
      'event_id',
      'exception',
      'fingerprint',
      'level',
      'logentry',
      'logger',
      'platform',
      'release',
      'sdk',
      'tags',
      'timestamp',
      'transaction',
    ]);
    expect(event).toMatchObject({
      tags: { request_id: REQUEST_ID, route: '/api/budget', code: 'internal_error' },
      sdk: { settings: { infer_ip: 'never' } },
      release: expect.stringMatching(/^communique-gateway@[0-9a-f]{12}$/) as string,
    });
    expect(await untilCounted('sent', 1)).toBe(1);
    expect(sentry.malformed).toEqual([]);
  });

  it('cover unexpected errors only: no refusals, no unavailable dependency, no log line that is not listed', async () => {
    logger.error({ err: new ProblemError('database_unavailable') }, 'the queue cannot be read');
    logger.error({ err: new Error('x'), status: 503, code: 'database_unavailable' }, 'request failed');
    logger.error({ err: new Error('x') }, 'some other line');
    logger.warn({ err: new Error('x') }, 'request failed');
    fail('last');
    await sentry.until(() => sentry.arrivals.length > 0);
    await reports.onApplicationShutdown();
    expect(sentry.events().map(({ tags }) => (tags as { code: string }).code)).toEqual(['last']);
  });

  it('contain no text of the framework', async () => {
    new NestLogger(logger).error('xSesamex', 'xSesamex', 'xSesamex');
    await sentry.until(() => sentry.arrivals.length > 0);
    expect(sentry.events()[0]).toMatchObject({
      logentry: { message: 'framework error' },
      exception: { values: [{ type: 'string' }] },
    });
    expect(sentry.arrivals[0]?.raw).not.toContain('xSesamex');
  });

  it('of the same kind are sent once a minute, and the next report counts the ones that were held back', async () => {
    const clock = jest.spyOn(performance, 'now');
    clock.mockReturnValue(1_000_000);
    const oneKind = () => {
      fail('same');
    };
    for (let n = 0; n < 50; n++) oneKind();
    expect(await untilCounted('suppressed', 49)).toBe(49);
    clock.mockReturnValue(1_060_000);
    oneKind();
    await sentry.until(() => sentry.arrivals.length >= 2);
    clock.mockRestore();
    expect(sentry.events().map(({ extra }) => extra)).toEqual([undefined, { suppressed: 49 }]);
  });

  it('are bounded while the endpoint does not answer: open requests, remembered errors, and time at shutdown', async () => {
    sentry.behaviour = { kind: 'hang' };
    for (let n = 0; n < 20; n++) fail(`kind_${String(n)}`);
    expect(await untilCounted('dropped', 12)).toBe(12);
    for (let n = 0; n < 100; n++) fail(`more_${String(n)}`);
    // Of the hundred errors, 64 are noted and 36 dropped at once; what happens to the 64 is decided when they are examined
    expect(await untilCounted('dropped', 12 + 36)).toBeGreaterThanOrEqual(12 + 36);
    await reports.onApplicationShutdown(); // Ends although the endpoint never answered
    expect(sentry.arrivals.length).toBeLessThanOrEqual(8);
    expect(await untilCounted('failed', 8)).toBe(8);
    fail('after_the_end');
    expect((await untilCounted('dropped', 12 + 36 + 1)) > 48).toBe(true);
  });

  it.each<[string, Record<string, string>]>([
    ['429 alone', {}],
    ['Retry-After', { 'retry-after': '3600' }],
    ['its own header', { 'x-sentry-rate-limits': '3600:error:key' }],
  ])('stop when Sentry asks for that with %s', async (_, headers) => {
    sentry.behaviour = { kind: 'status', status: 429, headers };
    fail('first');
    expect(await untilCounted('failed', 1)).toBe(1);
    sentry.behaviour = { kind: 'take' };
    // the answer is noted a moment later
    await new Promise((resolve) => setImmediate(resolve));
    fail('second');
    expect(await untilCounted('dropped', 1)).toBe(1);
    expect(sentry.arrivals).toHaveLength(1);
  });

  it.each<[string, SentrySimulator['behaviour']]>([
    ['500', { kind: 'status', status: 500, body: 'xSesamex' }],
    ['400', { kind: 'status', status: 400, body: 'xSesamex' }],
    ['a cut connection', { kind: 'cut' }],
    ['a redirect', { kind: 'status', status: 307, headers: { location: '/elsewhere' } }],
  ])('are lost and counted after %s, and the loss is logged once', async (_, behaviour) => {
    sentry.behaviour = behaviour;
    for (const name of ['one', 'two', 'three']) fail(name);
    expect(await untilCounted('failed', 3)).toBe(3);
    expect(warnings()).toEqual(['error reports fail: SENTRY_DSN cannot be reached or refuses them']);
    sentry.behaviour = { kind: 'take' };
    fail('four');
    expect(await untilCounted('sent', 1)).toBe(1);
    expect(sentry.arrivals.every(({ url }) => url === '/api/42/envelope/')).toBe(true);
    const text = lines.join('');
    for (const secret of ['xSesamex', KEY, dsn]) expect(text).not.toContain(secret);
  });

  it('are sent before the process ends', async () => {
    fail('last_words');
    await reports.onApplicationShutdown();
    expect(sentry.events()).toHaveLength(1);
  });

  it('are not sent without a DSN, but their errors are counted', async () => {
    const own = {
      metrics: new Metrics(),
      logger: new Logger({ log: { level: 'silent' } }, { write: () => undefined }),
    };
    const counted = async () =>
      (await own.metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('communique_'));
    const silent = new ErrorReports({ environment: 'test' }, own.logger, own.metrics);
    expect(await counted()).toEqual(['communique_unexpected_errors_total 0']);
    own.logger.error({ err: new Error('x') }, 'request failed');
    own.logger.error({ err: new ProblemError('database_unavailable') }, 'request failed');
    await silent.onApplicationShutdown();
    expect(await counted()).toEqual(['communique_unexpected_errors_total 1']);
  });

  it('throw no second error if the listener of errors throws', () => {
    const hostile = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('y');
      },
      getPrototypeOf: () => {
        throw new Error('z');
      },
    });
    const silent = new Logger({ log: { level: 'silent' } }, { write: () => undefined });
    silent.onError(() => {
      throw new Error('from the listener');
    });
    expect(() => {
      silent.error({}, 'request failed');
    }).not.toThrow();
    expect(() => {
      silent.error({ err: hostile }, 'request failed');
    }).toThrow(); // the log itself reads this error, whose getters throw
  });
});

describe('a request that fails', () => {
  let postgres: Postgres;
  let databaseUrl: string;
  let folder: TemporaryFolder;
  let issuer: Issuer;
  beforeAll(async () => {
    [postgres, folder, issuer] = await Promise.all([startPostgres(), temporaryFolder(), createIssuer()]);
    databaseUrl = await postgres.createMigratedDatabase();
    await issuer.writeKeySet(folder.file('jwks.json'));
  });
  afterAll(async () => {
    await postgres.stop();
    await folder.remove();
  });

  it('is reported without any content of the request or of the error', async () => {
    const sentry = new SentrySimulator(KEY);
    await using gateway = await startGateway({
      DATABASE_URL: databaseUrl,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_ENABLE_ATTESTATION_VERIFICATION: 'false',
      SENTRY_DSN: await sentry.start(),
    });
    const [plainText, privateKey] = ['Dear Senator, my secret is', 'MC4CAQAwBQYDK2VwBCIEIA0xSesamex'];
    const token = await issuer.token('alice-xSesamex');
    const body = JSON.stringify(sealedMessageToJson(sealedMessage()));
    jest.spyOn(gateway.app.get(MessagesService), 'accept').mockImplementation(() => {
      const cause = Object.assign(new RangeError(`${privateKey}\n    at ${privateKey} (/x.js:1:1)`), {
        code: privateKey,
        key: privateKey,
      });
      throw Object.assign(new TypeError(`${plainText} ${token} ${body}`, { cause }), {
        code: token.slice(0, 20),
        name: 'xSesamex',
        plainText,
        headers: { authorization: `Bearer ${token}` },
        body,
      });
    });
    const response = await fetch(`${gateway.url}/api/messages?x=xSesamex`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': 'xSesamex',
        'user-agent': 'xSesamex',
        'x-request-id': 'xSesamex',
        'sentry-trace': 'xSesamex',
        baggage: 'sentry-release=xSesamex',
      },
      body,
    });
    expect(response.status).toBe(500);
    expect((await fetch(`${gateway.url}/api/messages/xSesamex`)).status).toBe(401); // a refusal, which is not reported
    await gateway.close();
    await sentry.stop();

    expect(sentry.arrivals).toHaveLength(1);
    const raw = sentry.arrivals[0]?.raw ?? '';
    const sealed = Object.values(JSON.parse(body) as Record<string, unknown>).filter(
      (value): value is string => typeof value === 'string' && value.length > 8,
    );
    expect(sealed.length).toBeGreaterThan(1);
    for (const secret of ['xSesamex', 'Dear', plainText, privateKey, token, ...token.split('.'), ...sealed, 'alice'])
      expect(raw).not.toContain(secret);
    expect(sentry.events()[0]).toMatchObject({
      logentry: { message: 'request failed' },
      transaction: '/api/messages',
      exception: { values: [{ type: 'RangeError' }, { type: 'TypeError' }] },
      tags: {
        code: 'internal_error',
        route: '/api/messages',
        method: 'POST',
        request_id: response.headers.get('x-request-id'),
      },
    });
  });
});

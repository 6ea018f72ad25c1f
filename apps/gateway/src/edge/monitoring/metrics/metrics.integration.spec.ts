import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AGENT_ENDS, PROVIDERS, PROBLEMS, type SealedMessage, sealedMessageToJson } from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { EmergencyStop } from '../../../features/budget/emergency-stop';
import { createApp } from '../../../create-app';
import { Database } from '../../../core/database/database';
import { MessageMetrics } from '../../../features/messages/message-metrics';
import { problem, TestEnclave } from '../../../features/enclave/testing/test-enclave';
import { AGENT_ALARMS } from '../../../features/agents/agent-metrics';
import { RegisteredRoutes } from '../../../core/routing/registered-routes';
import { RATE_LIMIT_CLASSES } from '../../../core/routing/rate-limit-class';
import { testConfig } from '../../../testing/gateway-under-test';
import { createIssuer, type Issuer } from '../../../testing/issuer';
import { sealedMessage } from '../../../testing/sealed';
import { Metrics } from '../../../core/telemetry/metrics';
import { MetricsListener } from './metrics-listener';

const CANARY = 'xSesamex';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function parse(text: string): Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^([a-zA-Z0-9_:]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return {
        name,
        labels: Object.fromEntries(
          [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map((match) => [match[1] ?? '', match[2] ?? '']),
        ),
        value: Number(value),
      };
    });
}

describe('metrics', () => {
  let postgres: Postgres;
  let folder: TemporaryFolder;
  let issuer: Issuer;
  let enclave: TestEnclave;
  let app: NestFastifyApplication;
  let url: string;
  let metricsUrl: string;
  const requestIds: (string | string[] | undefined)[] = [];

  beforeAll(async () => {
    [postgres, folder, issuer] = await Promise.all([startPostgres({ own: true }), temporaryFolder(), createIssuer()]);
    const databaseUrl = await postgres.createMigratedDatabase();
    await issuer.writeKeySet(folder.file('jwks.json'));
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, (request, response) => {
      if (request.path === '/keys') return problem('not_found')(request, response);
      // The history requests health independently of the test's requests
      if (request.path !== '/health') requestIds.push(response.req.headers['x-request-id']);
      return problem('sealed_message_refused')(request, response);
    });
    await enclave.start();
    app = await createApp(
      testConfig({
        DATABASE_URL: databaseUrl,
        AUTH_JWKS_FILE: folder.file('jwks.json'),
        TEE_ENDPOINT: `unix:${folder.file('enclave')}`,
        TEE_ENABLE_ATTESTATION_VERIFICATION: 'false',
        RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '2',
        METRICS_PORT: '0',
      }),
    );
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    metricsUrl = `http://127.0.0.1:${String(app.get(MetricsListener, { strict: false }).port)}/metrics`;
  });
  afterAll(async () => {
    await app.close();
    await enclave.stop();
    await postgres.stop();
    await folder.remove();
  });

  const read = async () => parse(await (await fetch(metricsUrl)).text());
  /** The value of the series with this name and these labels, or undefined. */
  const at = (samples: readonly Sample[], name: string, labels: Record<string, string> = {}) =>
    samples.find(
      (sample) =>
        sample.name === name &&
        Object.keys(sample.labels).length === Object.keys(labels).length &&
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )?.value;
  const post = async (message: SealedMessage) =>
    fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await issuer.token('alice')}`, 'content-type': 'application/json' },
      body: JSON.stringify(sealedMessageToJson(message)),
    });
  async function until(holds: (samples: readonly Sample[]) => boolean): Promise<Sample[]> {
    for (let round = 0; ; round++) {
      const samples = await read();
      if (holds(samples) || round === 400) return samples;
      await sleep(25);
    }
  }

  it('count the outcomes of messages, and report the dependencies of the process', async () => {
    for (let round = 0; round < 3; round++) expect((await post(sealedMessage())).status).toBe(202);
    // Values from the database may have been read just before the last message ended
    const samples = await until(
      (now) =>
        at(now, 'communique_messages_ended_total', { status: 'refused' }) === 3 &&
        at(now, 'communique_queue_jobs', {}) === 0 &&
        at(now, 'communique_reservations_open', {}) === 0,
    );
    const expected: [string, Record<string, string>, unknown][] = [
      ['communique_http_requests_total', { method: 'POST', route: '/api/messages', status: '202' }, 3],
      ['communique_http_request_duration_seconds_count', { method: 'POST', route: '/api/messages' }, 3],
      ['communique_messages_accepted_total', {}, 3],
      ['communique_messages_ended_total', { status: 'refused' }, 3],
      ['communique_delivery_attempt_duration_seconds_count', { outcome: 'refused' }, 3],
      ['communique_enclave_request_duration_seconds_count', { step: 'relay', outcome: 'problem' }, 3],
      ['communique_settlements_total', {}, 3],
      ['communique_reservations_open', {}, 0],
      ['communique_queue_jobs', {}, 0],
      ['communique_queue_due_jobs', {}, 0],
      ['communique_queue_leased_jobs', {}, 0],
      ['communique_queue_oldest_due_seconds', {}, 0],
      ['communique_budget_micro_usd', { window: 'system_day', amount: 'cap' }, 1_000_000_000],
      ['communique_budget_micro_usd', { window: 'system_day', amount: 'reserved' }, 0],
      ['communique_budget_micro_usd', { window: 'system_hour', amount: 'spent' }, 0],
      ['communique_emergency_stop', {}, 0],
      ['communique_attestation_state', { enclave: '0', state: 'off' }, 1],
      ['communique_attestation_state', { enclave: '0', state: 'verified' }, 0],
      ['communique_attestation_trusted', { enclave: '0' }, 1],
      ['communique_enclave_keys_state', { enclave: '0', state: 'ready' }, 1],
      ['communique_enclave_keys_state', { enclave: '0', state: 'waiting' }, 0],
      ['communique_enclave_keys_held', { enclave: '0' }, undefined],
      ['communique_enclave_key_age_seconds', { enclave: '0' }, undefined],
      ['communique_relay_limit_attempts', { enclave: '0' }, 8],
      ['communique_relay_under_way_attempts', { enclave: '0' }, 0],
      ['communique_rate_limits_store', { store: 'memory' }, 1],
      ['communique_rate_limits_store', { store: 'redis' }, 0],
      ['communique_database_up', {}, 1],
      ['communique_database_pool', { state: 'waiting' }, 0],
      ['communique_database_pool', { state: 'used' }, expect.any(Number)],
      ['nodejs_eventloop_lag_p99_seconds', {}, expect.any(Number)],
    ];
    expect(expected.map(([name, labels]) => [name, labels, at(samples, name, labels)])).toEqual(expected);
    expect(requestIds).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID), expect.stringMatching(UUID)]);
    expect(new Set(requestIds).size).toBe(3);
  });

  it('leave ids to the logs: the gateway sends the enclave its own request id, never a client’s', async () => {
    const response = await fetch(`${url}/attestation?nonce=${'ab'.repeat(16)}`, {
      headers: { 'x-request-id': CANARY },
    });
    expect(response.headers.get('x-request-id')).toMatch(UUID);
    expect(requestIds.at(-1)).toBe(response.headers.get('x-request-id'));
  });

  it('report waiting jobs, reserved money and an emergency stop', async () => {
    await app.get(EmergencyStop).raise('a test of metrics');
    const { client } = app.get(Database);
    const [id, keyId] = [randomUUID(), new Uint8Array(16)];
    await client.message.create({
      data: {
        id,
        owner: 'o'.repeat(43),
        sealedSha256: new Uint8Array(32),
        keyId,
        expiresAt: new Date(Date.now() + 3_600_000),
      },
    });
    await client.$executeRaw`INSERT INTO delivery_job (message_id, sealed, key_id, expires_at, next_attempt_at) VALUES (${id}::uuid, 'x', ${keyId}, now() + interval '1 hour', now() - interval '90 seconds')`;
    await client.reservation.create({
      data: {
        messageId: id,
        owner: 'o'.repeat(43),
        reservedMicroUsd: 40_000n,
        reservedAt: new Date(),
        priceVersion: 'test',
      },
    });
    const samples = await read();
    expect([
      at(samples, 'communique_queue_jobs'),
      at(samples, 'communique_queue_due_jobs'),
      at(samples, 'communique_reservations_open'),
      at(samples, 'communique_emergency_stop'),
    ]).toEqual([1, 1, 1, 1]);
    expect(at(samples, 'communique_queue_oldest_due_seconds')).toBeGreaterThanOrEqual(90);
    await client.$executeRaw`UPDATE delivery_job SET lease_owner = 'test', lease_until = now() + interval '1 hour'`;
    const leased = await read();
    expect([
      at(leased, 'communique_queue_due_jobs'),
      at(leased, 'communique_queue_leased_jobs'),
      at(leased, 'communique_queue_oldest_due_seconds'),
    ]).toEqual([0, 1, 0]);
    await client.$executeRaw`DELETE FROM reservation WHERE message_id = ${id}::uuid`;
    await client.$executeRaw`DELETE FROM message WHERE id = ${id}::uuid`;
    await client.$executeRaw`UPDATE emergency_stop SET cleared_at = now()`;
  });

  async function hostile(canary: string): Promise<void> {
    const token = await issuer.token(canary);
    const asked: [string, RequestInit?][] = [
      [`/${canary}`],
      [`/api/messages/${canary}`],
      [`/api/messages/${randomUUID()}?x=${canary}`, { headers: { authorization: `Bearer ${token}` } }],
      [`/%zz${canary}`],
      [`/api/messages/${canary.repeat(40)}`],
      [`/attestation?nonce=${canary}`],
      ['/attestation'],
      ['/attestation'],
      ['/attestation'],
      [`/docs/${canary}`],
      ['/health', { method: 'PURGE' }],
      ['/health', { method: 'REPORT' }],
      ['/api/messages', { method: 'PUT', body: canary }],
      [
        '/api/messages',
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${token}`,
            'content-type': 'application/json',
            'idempotency-key': canary,
            'x-request-id': canary,
          },
          body: `{"${canary}":1}`,
        },
      ],
      [
        '/api/messages',
        { method: 'POST', headers: { authorization: `Bearer ${canary}`, 'user-agent': canary }, body: canary },
      ],
    ];
    for (const [path, init] of asked) await (await fetch(`${url}${path}`, init)).text();
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(`${canary} / HTTP/9.9\r\n\r\n`));
      socket
        .resume()
        .on('close', () => {
          resolve();
        })
        .on('error', () => undefined);
    });
  }

  it('have only labels from their lists, whatever a client requests', async () => {
    await hostile(`${CANARY}one`);
    const first = await read();
    await hostile(`${CANARY}two`);
    const text = await (await fetch(metricsUrl)).text();
    expect(text).not.toContain(CANARY);
    const samples = parse(text);
    const own = (all: readonly Sample[]) =>
      all
        .filter(({ name }) => name.startsWith('communique_'))
        .map(({ name, labels }) => JSON.stringify([name, labels]))
        .sort();
    expect(own(samples)).toEqual(own(first));

    const allowed: Record<string, (value: string) => boolean> = {
      method: (value) => ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'].includes(value),
      route: (value) =>
        value === 'unmatched' ||
        app
          .get(RegisteredRoutes)
          .all()
          .some((route) => route.url === value),
      status: (value) => /^[1-5][0-9]{2}$/.test(value) || value === 'refused',
      code: (value) => Object.hasOwn(PROBLEMS, value),
      class: (value) => (RATE_LIMIT_CLASSES as readonly string[]).includes(value),
      step: (value) => ['health', 'attestation', 'relay', 'keys'].includes(value),
      outcome: (value) =>
        ['answer', 'problem', 'unreachable', 'retry', 'refused', 'ok', 'failed', 'absent', 'not_yet', 'ended'].includes(
          value,
        ),
      reason: (value) => Object.hasOwn(PROBLEMS, value) || ['queue_length', 'queue_age'].includes(value),
      provider: (value) => (PROVIDERS as readonly string[]).includes(value),
      alarm: (value) => (AGENT_ALARMS as readonly string[]).includes(value),
      end: (value) => ['charged', 'released', ...AGENT_ENDS].includes(value),
      le: (value) => value === '+Inf' || Number.isFinite(Number(value)),
      state: (value) =>
        [
          'off',
          'starting',
          'verified',
          'refused',
          'unreachable',
          'idle',
          'used',
          'waiting',
          'ready',
          'unknown',
          'agrees',
          'disagrees',
        ].includes(value),
      verdict: (value) => ['valid', 'invalid', 'busy'].includes(value),
      root: (value) => /^[0-9a-f]{16}$/.test(value),
      store: (value) => ['redis', 'memory'].includes(value),
      window: (value) => ['system_hour', 'system_day'].includes(value),
      amount: (value) => ['reserved', 'spent', 'cap'].includes(value),
      enclave: (value) => value === '0',
    };
    const stray = samples
      .filter(({ name }) => name.startsWith('communique_'))
      .flatMap(({ name, labels }) =>
        Object.entries(labels)
          .filter(([label, value]) => allowed[label]?.(value) !== true)
          .map((pair) => [name, ...pair]),
      );
    expect(stray).toEqual([]);

    // The hostile requests were counted.
    expect(at(samples, 'communique_rate_limit_refusals_total', { class: 'attestation' })).toBeGreaterThan(0);
    expect(at(samples, 'communique_http_problems_total', { code: 'rate_limited' })).toBeGreaterThan(0);
    expect(at(samples, 'communique_http_problems_total', { code: 'malformed_body' })).toBeGreaterThan(0);
    expect(
      at(samples, 'communique_http_requests_total', { method: 'GET', route: 'unmatched', status: '404' }),
    ).toBeGreaterThan(0);
    for (const status of ['400', '414'])
      expect(at(samples, 'communique_http_requests_total', { method: 'GET', route: 'unmatched', status })).toBe(2);
    expect(at(samples, 'communique_http_problems_total', { code: 'uri_too_long' })).toBe(2);
    expect(at(samples, 'communique_http_unparsed_total')).toBe(2);
  });

  it('are served only by a separate listener, at one address', async () => {
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
    expect((await fetch(metricsUrl.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(metricsUrl, { method: 'POST' })).status).toBe(405);
    expect((await fetch(metricsUrl)).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('are counted separately for each gateway', async () => {
    const [one, other] = [new Metrics(), new Metrics()];
    const [accepted] = [one, other].map((metrics) => new MessageMetrics(metrics));
    accepted?.accepted();
    expect(await one.registry.getSingleMetricAsString('communique_messages_accepted_total')).toMatch(/ 1$/);
    expect(await other.registry.getSingleMetricAsString('communique_messages_accepted_total')).toMatch(/ 0$/);
  });

  it('omit the series that come from the database while the database is away', async () => {
    await postgres.kill();
    const samples = await read();
    expect(at(samples, 'communique_database_up')).toBe(0);
    for (const name of [
      'communique_queue_jobs',
      'communique_reservations_open',
      'communique_budget_micro_usd',
      'communique_emergency_stop',
    ])
      expect(samples.filter((sample) => sample.name === name)).toEqual([]);
    expect(at(samples, 'communique_messages_accepted_total')).toBe(3);
    await postgres.restart();
    expect(at(await until((now) => at(now, 'communique_database_up') === 1), 'communique_queue_jobs')).toBe(0);
  });

  it('count a stream, but not its duration', async () => {
    const route = { method: 'GET', route: '/api/messages/:id/events' };
    const before = at(await read(), 'communique_http_request_duration_seconds_count', route);
    const response = await fetch(`${url}/api/messages/00000000-0000-4000-8000-000000000000/events`, {
      headers: { authorization: `Bearer ${await issuer.token('alice')}` },
    });
    expect(response.status).toBe(404);
    const message = sealedMessage();
    const { id } = (await (await post(message)).json()) as { id: string };
    const stream = await fetch(`${url}/api/messages/${id}/events`, {
      headers: { authorization: `Bearer ${await issuer.token('alice')}` },
    });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    await stream.text();
    const samples = await until((now) => at(now, 'communique_http_requests_total', { ...route, status: '200' }) === 1);
    expect(at(samples, 'communique_http_requests_total', { ...route, status: '200' })).toBe(1);
    // Only the 404, which was no stream, has a duration
    expect(at(samples, 'communique_http_request_duration_seconds_count', route)).toBe((before ?? 0) + 1);
  });
});

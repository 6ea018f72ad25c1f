import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  connect,
  fetchEnclaveKey,
  followMessage,
  postMessage,
  prepareMessage,
  verifyResult,
  type TaskResult,
} from '@communique-tee/client';
import { encodeAgentTask, encodeCongressMessage } from '@communique-tee/protocol';
import type { FaultInput } from '@communique-tee/test-providers';
import { describeWith, freePort, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { redisAvailability, startRedis, type Redis } from '@communique-tee/testing/redis';
import { Redis as RedisClient } from 'ioredis';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Client } from 'pg';
import {
  HIGH_RATE_LIMITS,
  filesBelow,
  find,
  plantedMessage,
  startSystem,
  type Leftover,
  type System,
} from '@communique-tee/test-system';

/**
 * Runs messages and tasks for models through the whole system, with success and with errors, then searches everything that remains: logs of
 * every process, the database (rows, and the raw files with their write-ahead log), Redis, health and metrics, every answer over HTTP, what
 * is pushed to collectors of metrics and errors, and the processes' own command lines and environments.
 */
describeWith(redisAvailability(), 'no plain text leaves the enclave', () => {
  let folder: TemporaryFolder;
  let redis: Redis;
  let system: System;
  let metricsUrl: string;
  const { message, fields, canaries: ofMessages } = plantedMessage();
  const mark = () => randomBytes(8).toString('hex');
  /** Unique texts of a task: the draft, the model's answer, and what a provider quotes in its errors. */
  const ofTasks = { draft: mark(), draftSubject: mark(), completion: mark(), thoughts: mark(), providersError: mark() };
  const canaries = { ...ofMessages, ...ofTasks };
  const tasks: TaskResult[] = [];
  const answers: Leftover[] = [];
  /** What the gateway pushes to the operator's collectors of metrics and errors. */
  const pushed: Leftover[] = [];
  let collectors: Server;
  const apiKeys: Record<string, string> = {};

  beforeAll(async () => {
    folder = await temporaryFolder('no-plaintext');
    redis = await startRedis({ own: true });
    const metricsPort = String(await freePort());
    collectors = createServer((request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        const bytes = Buffer.concat(chunks);
        const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
        pushed.push({
          where: `pushed to ${String(request.url)}`,
          bytes: Buffer.concat([Buffer.from(request.rawHeaders.join('\n')), plain]),
        });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((listening) => collectors.listen(0, '127.0.0.1', listening));
    const collector = `127.0.0.1:${String((collectors.address() as AddressInfo).port)}`;
    metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
    system = await startSystem({
      folder: folder.path,
      redisUrl: redis.url,
      agents: {},
      gatewayEnvironment: {
        LOG_LEVEL: 'trace',
        METRICS_PORT: metricsPort,
        METRICS_ENDPOINT: `http://${collector}/v1/metrics`,
        METRICS_PUSH_INTERVAL_MS: '1000',
        SENTRY_DSN: `http://0123456789abcdef0123456789abcdef@${collector}/1`,
        ...HIGH_RATE_LIMITS,
        DELIVERY_MIN_BACKOFF_MS: '50',
        DELIVERY_MAX_BACKOFF_MS: '200',
        DELIVERY_POLL_MS: '100',
      },
    });
    apiKeys['houseApiKey'] = system.congress.house.apiKey;
    apiKeys['senateApiKey'] = system.congress.senate.apiKey;
    for (const provider of ['openai', 'gemini', 'anthropic'] as const)
      apiKeys[provider] = system.providers?.[provider].apiKey ?? '';
    await runEverything();
  }, 180_000);
  afterAll(async () => {
    await (system as System | undefined)?.stop();
    (collectors as Server | undefined)?.close();
    await (redis as Redis | undefined)?.stop();
    await folder.remove();
  });

  it('the run delivered messages and answered tasks, so that there is something to search', async () => {
    const received = await (await fetch(`${system.congress.controlUrl}/received`)).text();
    expect(find(canaries, [{ where: 'Congress', bytes: Buffer.from(received) }]).map(({ field }) => field)).toEqual(
      expect.arrayContaining(['lastName', 'body', 'address1', 'title', 'email']),
    );
    expect(answers.length).toBeGreaterThan(20);
    expect(new Set(tasks.map(({ statement: { end } }) => end))).toEqual(
      new Set(['complete', 'refused', 'request', 'server_error', 'malformed', 'lost']),
    );
    expect(tasks[0]?.text).toContain(ofTasks.completion);
    const seen = JSON.stringify(system.providers?.requests());
    expect([ofTasks.draft, ofTasks.draftSubject].map((each) => seen.includes(each))).toEqual([true, true]);
    // A request over a rate limit would prove nothing, because the gateway refuses it before it reads the body
    expect(answers.filter(({ where }) => where.startsWith('429 '))).toEqual([]);
    expect(
      answers.some(
        ({ where, bytes }) => where === '200 answer of /metrics' && bytes.includes('communique_messages_ended_total'),
      ),
    ).toBe(true);
  });

  it('no field of a message or a task, no delivery secret and no API key is in anything that remains', async () => {
    const remains = await remainsOf();
    const places = remains.map(({ where }) => where).join('\n');
    for (const place of [
      'gateway.log',
      'enclave.log',
      'pg_wal',
      'answer of /metrics',
      'pushed to /v1/metrics',
      'answer of /api/messages/',
      'table public.message',
      'table public.delivery_job',
      'table public.agent_reservation',
      'answer of /api/agents',
      'redis',
      'environ',
    ])
      expect(places).toContain(place);
    expect(remains.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeGreaterThan(20_000_000);
    expect(find({ ...canaries, ...apiKeys }, remains)).toEqual([]);
  });

  it('the search finds planted texts in every encoding', async () => {
    const { lastName = '', body = '', email = '', address1 = '', subject = '' } = fields;
    const planted: Record<string, string> = {
      lastName,
      body: Buffer.from(`padding${body}`).toString('base64'),
      email: Buffer.from(email).toString('hex').toUpperCase(),
      address1: encodeURIComponent(address1),
      subject: JSON.stringify({ subject }),
    };
    const client = new Client({ connectionString: system.databaseUrl });
    await client.connect();
    try {
      await client.query('create table planted (text text)');
      for (const text of Object.values(planted)) await client.query('insert into planted values ($1)', [text]);
      const found = new Set(find(canaries, await remainsOf()).map(({ field }) => field));
      expect([...found]).toEqual(expect.arrayContaining(Object.keys(planted)));
    } finally {
      await client.query('drop table planted');
      await client.end();
    }
  });

  async function runEverything(): Promise<void> {
    const policy = {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    };
    const options = { gateway: system.gatewayUrl, token: await system.issuer.token('planted') };
    const key = await fetchEnclaveKey(system.gatewayUrl, policy);
    const faults: object[] = [
      {},
      {
        queue: [
          { fault: { kind: 'status', status: 500, stored: true } },
          { fault: { kind: 'cut', at: 'after_reading' } },
          { fault: { kind: 'garbage' } },
        ],
      },
      { queue: [{ fault: { kind: 'status', status: 400, body: 'bad' }, times: 3 }] },
    ];
    for (const plan of faults) {
      await fetch(`${system.congress.controlUrl}/faults`, { method: 'POST', body: JSON.stringify(plan) });
      const prepared = prepareMessage(message, key);
      await postMessage(options, prepared);
      await verifyResult(await followMessage(options, prepared.id), prepared, policy);
      for (const path of [prepared.id, `${prepared.id}/events`])
        await keep(
          fetch(`${system.gatewayUrl}/api/messages/${path}`, { headers: { authorization: `Bearer ${options.token}` } }),
        );
    }
    await askModels();
    await sendBadInput(options.token, encodeCongressMessage(message));
  }

  /** Runs tasks that end in six ways. Each task has another sender. */
  async function askModels(): Promise<void> {
    const providers = system.providers;
    if (!providers) throw new Error('no providers');
    const { completion, thoughts, providersError } = ofTasks;
    const quoting = JSON.stringify({ error: { message: `${providersError} ${ofTasks.draft}`, code: providersError } });
    const faults: (readonly [FaultInput, number])[] = [
      [{ kind: 'answer', answer: { text: `Dear Senator ${completion}`, thoughts } }, 1],
      [{ kind: 'answer', answer: { end: 'refused' } }, 1],
      [{ kind: 'raw', status: 400, body: quoting }, 1],
      [{ kind: 'raw', status: 500, headers: { 'content-type': 'text/html' }, body: `<p>${quoting}</p>` }, 2],
      [{ kind: 'raw', status: 200, headers: { [`x-${providersError}`]: completion }, body: quoting }, 1],
      [{ kind: 'cut', at: 'in_the_body' }, 2],
    ];
    const policy = { acceptedMeasurements: system.accepted, unsafeDevelopmentRootPem: system.developmentRootPem };
    for (const [number, [fault, times]] of faults.entries()) {
      for (const [modelClass, provider] of [
        ['fast', 'openai'],
        ['careful', 'anthropic'],
      ] as const) {
        providers.setFaults({ queue: [{ provider, fault, times }] });
        const token = await system.issuer.token(`task-${String(number)}-${provider}`);
        const client = await connect(system.gatewayUrl, policy, { token: () => token });
        const { draft, draftSubject } = ofTasks;
        const task = {
          task: 'draft',
          modelClass,
          language: 'en',
          text: `Roads ${draft}`,
          subject: draftSubject,
        } as const;
        tasks.push(await client.agent(task));
      }
    }
    providers.setFaults({});
  }

  /** Posts plain text instead of sealed bytes to every address, because a refusal must not repeat the text. */
  async function sendBadInput(token: string, plaintext: Uint8Array): Promise<void> {
    const json = JSON.stringify({ ...message, deliverySecret: fields['deliverySecret'] });
    const text = fields['body'] ?? '';
    const task = encodeAgentTask({
      version: 1,
      task: 'draft',
      modelClass: 'fast',
      maxOutputTokens: 64,
      language: 'en',
      subject: ofTasks.draftSubject,
      text: ofTasks.draft,
    });
    const taskJson = JSON.stringify({ task: 'draft', text: ofTasks.draft, subject: ofTasks.draftSubject });
    const enclave = system.enclaveAddress.replace('tcp:', 'http://');
    for (const origin of [`${system.gatewayUrl}/api`, enclave]) {
      for (const [type, body] of [
        ['application/json', json],
        ['application/json', json.slice(0, -5)],
        ['application/cbor', plaintext],
        ['application/cbor', text],
        ['text/plain', text],
        ['application/x-www-form-urlencoded', new URLSearchParams(fields).toString()],
      ] as const) {
        await keep(
          fetch(`${origin}/messages`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': type },
            body: typeof body === 'string' ? body : new Uint8Array(body),
          }),
        );
      }
      for (const [type, body] of [
        ['application/json', taskJson],
        ['application/json', taskJson.slice(0, -5)],
        ['application/cbor', task],
        ['text/plain', ofTasks.draft],
      ] as const) {
        await keep(
          fetch(`${origin}/agents`, {
            method: 'POST',
            headers: { authorization: `Bearer ${token}`, 'content-type': type, 'communique-attempt': ofTasks.draft },
            body: typeof body === 'string' ? body : new Uint8Array(body),
          }),
        );
      }
      await keep(fetch(`${origin}/messages?body=${encodeURIComponent(text)}`, { method: 'POST', body: text }));
      await keep(
        fetch(`${origin}/messages/${encodeURIComponent(text)}`, { headers: { authorization: `Bearer ${token}` } }),
      );
    }
    const gateway = system.gatewayUrl;
    const headers = {
      authorization: `Bearer ${encodeURIComponent(text)}`,
      'idempotency-key': encodeURIComponent(text),
      'x-request-id': encodeURIComponent(text),
      'user-agent': encodeURIComponent(text),
    };
    await keep(
      fetch(`${gateway}/api/messages`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: json,
      }),
    );
    await keep(fetch(`${gateway}/attestation?nonce=${encodeURIComponent(text)}`));
    await keep(fetch(`${enclave}/attestation?nonce=${encodeURIComponent(text)}`));
    await keep(fetch(`${gateway}/${encodeURIComponent(text)}`));
    await keep(
      fetch(`${enclave}/messages`, {
        method: 'POST',
        headers: {
          'content-type': 'application/cbor',
          'communique-dispatched-before': encodeURIComponent(text),
          'communique-interim-receipt': encodeURIComponent(text),
        },
        body: new Uint8Array(plaintext),
      }),
    );
    for (const path of ['/health', '/api/health/tee', '/attestation', '/docs-json'])
      await keep(fetch(`${gateway}${path}`));
    await keep(fetch(metricsUrl));
  }

  async function keep(asked: Promise<Response>): Promise<void> {
    const response = await asked;
    const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    answers.push({
      where: `${String(response.status)} answer of ${new URL(response.url).pathname.slice(0, 20)}`,
      bytes: Buffer.from(`${headers}\n${await response.text()}`),
    });
  }

  async function remainsOf(): Promise<Leftover[]> {
    return [
      ...answers,
      ...pushed,
      ...logs(),
      ...(await tables()),
      ...filesBelow(system.postgres.folder),
      ...(await redisDump()),
      ...processes(),
    ];
  }

  /** Returns every log but that of simulated Congress, which may contain the text. */
  function logs(): Leftover[] {
    const written = filesBelow(system.logFolder).filter(({ where }) => !where.endsWith('congress.log'));
    return [...written, { where: 'postgres log', bytes: Buffer.from(system.postgres.log()) }];
  }

  async function tables(): Promise<Leftover[]> {
    const client = new Client({ connectionString: system.databaseUrl });
    await client.connect();
    try {
      await client.query('checkpoint');
      const { rows } = await client.query<{ name: string }>(
        "select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
      );
      const dumps: Leftover[] = [];
      for (const { name } of rows) {
        const { rows: dump } = await client.query<{ row: string }>(`select row_to_json(t)::text as row from ${name} t`);
        dumps.push({ where: `table ${name}`, bytes: Buffer.from(dump.map(({ row }) => row).join('\n')) });
      }
      return dumps;
    } finally {
      await client.end();
    }
  }

  async function redisDump(): Promise<Leftover[]> {
    const client = new RedisClient(redis.url);
    try {
      const keys = await client.keys('*');
      const values = await Promise.all(keys.map(async (key) => (await client.dumpBuffer(key)) ?? Buffer.alloc(0)));
      return [{ where: 'redis', bytes: Buffer.concat([Buffer.from(keys.join('\n')), ...values]) }];
    } finally {
      client.disconnect();
    }
  }

  /** Returns the command lines and environments, which every process of the same user can read. */
  function processes(): Leftover[] {
    return [system.services.gateway.pid, system.services.enclave.pid]
      .filter((pid) => pid !== undefined)
      .flatMap((pid) =>
        ['cmdline', 'environ']
          .filter((name) => readdirSync(`/proc/${String(pid)}`).includes(name))
          .map((name) => ({
            where: `/proc/${String(pid)}/${name}`,
            bytes: readFileSync(`/proc/${String(pid)}/${name}`),
          })),
      );
  }
});

import { createNsm, type Nsm } from '@communique-tee/nsm';
import { createMockNsmTransport, developmentMeasurements, developmentRootPem } from '@communique-tee/testing/nsm-mock';
import { keyIdOf } from '@communique-tee/crypto';
import {
  type AgentRequest,
  agentRequestToJson,
  encodeKeyBinding,
  encodePublicConfiguration,
  encodeSealedMessage,
  envelopeToJson,
  LIMITS,
  type ProblemCode,
  sealedMessageToJson,
} from '@communique-tee/protocol';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { EmergencyStop } from '../../features/budget/emergency-stop';
import { createApp } from '../../create-app';
import { Database } from '../../core/database/database';
import {
  answer,
  type Behaviour,
  problem,
  TestEnclave,
  enclaveHealth,
} from '../../features/enclave/testing/test-enclave';
import { encoded, TaskEnclave } from '../../features/agents/testing/task-enclave';
import { AttestationMonitor } from '../../features/attestation/attestation-monitor';
import { windowsOf } from '../../features/budget/windows';
import { History } from '../monitoring/history/history';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import { PageFiles } from '../page/page-files';
import { StatusStreams } from '../../features/messages/status-streams';
import { testConfig } from '../../testing/gateway-under-test';
import { committedProof } from '@communique-tee/residence/testing';
import { ownerOf } from '../../features/auth/token-verifier';
import { createIssuer, ISSUER, type Issuer } from '../../testing/issuer';
import { sealedMessage } from '../../testing/sealed';
import { exampleNewTemplate } from '../../features/templates/template-examples';
import { documentedOperations, type DocumentedOperation, freshExamples } from './document';
import { EVERYWHERE } from './problem-responses';
import { type Schema, violations } from './testing/json-schema';

interface DocumentedResponse {
  readonly content: Record<string, { readonly schema: Schema }>;
  readonly headers?: Record<string, unknown>;
}
interface Served {
  readonly paths: Record<
    string,
    Record<string, { readonly responses: Record<string, DocumentedResponse & { readonly $ref?: string }> }>
  >;
  readonly components: { readonly responses: Record<string, DocumentedResponse> };
}

/**
 * Documented codes that no answer in this spec has. Each value gives the reason and the specs that test the code. A test below fails if
 * this spec gets one of these codes.
 */
const ELSEWHERE: Readonly<Partial<Record<ProblemCode, string>>> = {
  request_timeout: 'a second of waiting each: entrance.integration.spec.ts, http.integration.spec.ts',
  transfer_coding_unsupported: 'answered before there is a route: http.integration.spec.ts',
  shutting_down: 'takes a process that ends: readiness.integration.spec.ts',
  internal_error: 'no known request causes it; fuzz.long.integration.spec.ts looks for one',
  templates_full: 'takes hundreds of templates: templates.integration.spec.ts',
  residence_required: 'takes proofs of residence: residence.integration.spec.ts',
  root_not_accepted: 'takes proofs of residence: residence.integration.spec.ts',
  circuit_retired: 'takes proofs of residence: residence.integration.spec.ts',
  already_sent: 'takes proofs of residence: residence.integration.spec.ts',
  proof_invalid: 'takes proofs of residence: residence.integration.spec.ts',
  verifier_busy: 'takes proofs of residence: residence.integration.spec.ts',
  residence_disagrees: 'takes an enclave with another configuration: readiness.integration.spec.ts',
  overloaded: 'takes a database whose every connection stays in use: database.long.integration.spec.ts',
};
/** The documented error of routes that are not part of the API. */
const ANY_PROBLEM: DocumentedResponse['content'] = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
};
const configuration = encodePublicConfiguration({
  version: 3,
  stack: 'test',
  custody: 'process',
  residence: { mode: 'off' },
  legacySuite: true,
  egress: [],
  services: {},
});

describe('the OpenAPI contract', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let issuer: Issuer;
  let nsm: Nsm;
  let enclave: TestEnclave;
  let base: Record<string, string>;
  let tokens: Record<'alice' | 'bob' | 'carol' | 'admin' | 'adminByList' | 'nearlyAdmin', string>;
  let served: Served;
  let operations: DocumentedOperation[];
  let ofPage: Pick<DocumentedOperation, 'method' | 'path'>[];
  const closing: (() => Promise<void>)[] = [];
  const met = new Map<string, Set<string>>();

  const good: Behaviour = async ({ path, query }, response) => {
    if (path === '/keys')
      return problem('not_found')({ method: 'POST', path, query, body: new Uint8Array() }, response);
    if (path === '/health') {
      answer(response, 200, 'application/json', JSON.stringify(enclaveHealth()));
      return;
    }
    if (path === '/attestation/configuration') {
      answer(response, 200, 'application/json', Buffer.from(configuration));
      return;
    }
    const userData = encodeKeyBinding({
      keyId: keyIdOf(new Uint8Array(32)),
      receiptKey: new Uint8Array(32),
      custody: 'process',
      configSha256: new Uint8Array(createHash('sha256').update(configuration).digest()),
      legacyKey: new Uint8Array(32),
    });
    const nonce = query.get('nonce');
    answer(
      response,
      200,
      'application/cose',
      await nsm.attest({
        userData,
        publicKey: new Uint8Array(32),
        ...(nonce === null ? {} : { nonce: new Uint8Array(Buffer.from(nonce, 'hex')) }),
      }),
    );
  };

  beforeAll(async () => {
    [postgres, folder, issuer] = await Promise.all([startPostgres(), temporaryFolder(), createIssuer()]);
    nsm = createNsm(await createMockNsmTransport({ rootFolder: folder.file('root') }));
    await writeFile(folder.file('root.pem'), await developmentRootPem(folder.file('root')));
    await issuer.writeKeySet(folder.file('jwks.json'));
    enclave = new TestEnclave({ kind: 'unix', path: folder.file('enclave') }, good);
    await enclave.start();
    base = {
      DATABASE_URL: await database(),
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      TEE_PROVIDER: 'mock',
      TEE_ENDPOINT: `unix:${folder.file('enclave')}`,
      TEE_EXPECTED_CODE_HASH: `sha384:${developmentMeasurements.pcr0}`,
      TEE_EXPECTED_OPERATOR: `sha384:${developmentMeasurements.pcr3}`,
      ATTESTATION_DEVELOPMENT_ROOT_FILE: folder.file('root.pem'),
      RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1000',
      ENCLAVE_TIMEOUT_MS: '5000',
    };
    tokens = {
      alice: await issuer.token('alice'),
      bob: await issuer.token('bob'),
      carol: await issuer.token('carol'),
      admin: await issuer.token('ops', { scope: 'openid communique:admin' }),
      adminByList: await issuer.token('ops', { scope: ['communique:admin'] }),
      nearlyAdmin: await issuer.token('ops', { scope: 'communique:administrator xcommunique:admin' }),
    };
  });
  afterAll(async () => {
    for (const close of closing) await close();
    await enclave.stop();
    await postgres.stop();
    await folder[Symbol.asyncDispose]();
  });

  async function database(): Promise<string> {
    const url = await postgres.createMigratedDatabase();
    return url;
  }

  async function start(over: Record<string, string> = {}) {
    const config = testConfig({ ...base, ...over });
    const app = await createApp(config);
    closing.push(() => app.close());
    await app.listen(0, '127.0.0.1');
    return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1') };
  }

  /** Sends a request, and checks that /docs-json documents the answer for `operation`. */
  async function ask(
    url: string,
    operation: string,
    path: string,
    init: RequestInit & { as?: keyof typeof tokens } = {},
  ) {
    const { as, ...rest } = init;
    const method = operation.split(' ', 1)[0]?.toUpperCase() ?? '';
    const response = await fetch(`${url}${path}`, {
      method,
      ...rest,
      headers: {
        ...(as === undefined ? {} : { authorization: `Bearer ${tokens[as]}` }),
        ...(rest.headers as Record<string, string> | undefined),
      },
    });
    return judge(operation, response);
  }

  async function judge(
    operation: string,
    response: Response,
  ): Promise<{ status: number; code: string; body: unknown }> {
    const [method = '', template = ''] = operation.split(' ');
    const own = served.paths[template]?.[method]?.responses[String(response.status)];
    const isOfPage = ofPage.some(({ path }) => path === template);
    const documented: DocumentedResponse | undefined = isOfPage
      ? { content: ANY_PROBLEM }
      : own?.$ref === undefined
        ? own
        : served.components.responses[own.$ref.replace('#/components/responses/', '')];
    if (documented === undefined)
      throw new Error(
        `${operation} answered ${String(response.status)}, which is not documented: ${await response.text()}`,
      );
    const mediaType = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    const schema = documented.content[mediaType]?.schema;
    if (schema === undefined)
      throw new Error(`${operation} answered ${String(response.status)} as ${mediaType}, which is not documented`);
    const body: unknown = mediaType.endsWith('json')
      ? await response.json()
      : Buffer.from(await response.arrayBuffer()).toString('latin1');
    expect({ operation, status: response.status, violations: violations(schema, body, served.components) }).toEqual({
      operation,
      status: response.status,
      violations: [],
    });
    for (const name of Object.keys(documented.headers ?? {}))
      expect([operation, response.status, name, response.headers.has(name)]).toEqual([
        operation,
        response.status,
        name,
        true,
      ]);
    const { code = 'answer' } = (mediaType === 'application/problem+json' ? body : {}) as { code?: string };
    met.set(
      operation,
      (met.get(operation) ?? new Set()).add(code === 'answer' ? `${String(response.status)} ${mediaType}` : code),
    );
    return { status: response.status, code, body };
  }

  const nameOf = ({ method, path }: Pick<DocumentedOperation, 'method' | 'path'>) => `${method} ${path}`;
  const everyRoute = () => [...operations, ...ofPage];
  const protectedOnes = () => operations.filter(({ authenticated }) => authenticated);
  const plain = (path: string) =>
    path.replace('{id}', '00000000-0000-4000-8000-000000000000').replace('{file}', 'none.js');
  const json = (body: unknown, more: Record<string, string> = {}) => ({
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...more },
  });
  const POST = 'post /api/messages';
  const legacy = {
    ciphertext: Buffer.alloc(99).toString('base64'),
    nonce: Buffer.alloc(24).toString('base64'),
    ephemeralPublicKey: `0x${'00'.repeat(32)}`,
    teeKeyId: '00'.repeat(16),
  };
  const post = (url: string, as: keyof typeof tokens, body: unknown, more: Record<string, string> = {}) =>
    ask(url, POST, '/api/messages', { as, ...json(body, more) });

  it('covers every answer while everything is up', async () => {
    const { app, url } = await start();
    operations = documentedOperations(app.get(RegisteredRoutes));
    ofPage = app
      .get(RegisteredRoutes)
      .all()
      .filter(({ method, policy }) => method === 'GET' && policy.operation === null)
      .map(({ url: path }) => ({ method: 'get', path: path.replace(/:(\w+)/g, '{$1}') }));
    expect(ofPage.length).toBeGreaterThan(2);
    served = (await (await fetch(`${url}/docs-json`)).json()) as Served;

    const message = sealedMessage();
    const accepted = await post(url, 'alice', sealedMessageToJson(message));
    expect(accepted.status).toBe(202);
    const { id } = accepted.body as { id: string };
    expect(
      (
        await ask(url, POST, '/api/messages', {
          as: 'alice',
          body: new Uint8Array(encodeSealedMessage(sealedMessage())),
          headers: { 'content-type': 'application/cbor' },
        })
      ).status,
    ).toBe(202);
    expect((await ask(url, 'get /api/messages/{id}', `/api/messages/${id}`, { as: 'alice' })).status).toBe(200);
    Object.assign(app.get(StatusStreams).timing, { maxMs: 1, tickMs: 10 });
    expect(
      (await ask(url, 'get /api/messages/{id}/events', `/api/messages/${id}/events`, { as: 'alice' })).status,
    ).toBe(200);
    for (const [name, path] of [
      ['get /api/messages/{id}', `/api/messages/${id}`],
      ['get /api/messages/{id}/events', `/api/messages/${id}/events`],
    ] as const)
      expect((await ask(url, name, path, { as: 'bob' })).code).toBe('not_found');
    expect((await ask(url, 'get /api/budget', '/api/budget', { as: 'alice' })).status).toBe(200);

    expect((await post(url, 'bob', sealedMessageToJson(message))).code).toBe('message_id_taken');
    const proven = envelopeToJson(committedProof('ada roads').envelope);
    expect((await post(url, 'alice', proven)).code).toBe('residence_not_open');
    expect((await ask(url, 'get /api/residence', '/api/residence')).status).toBe(200);
    expect((await post(url, 'alice', '{')).code).toBe('malformed_body');
    expect((await post(url, 'alice', 'x'.repeat(LIMITS.maxEnvelopeJsonBytes + 1))).code).toBe('body_too_large');
    expect((await post(url, 'alice', '{}', { 'content-type': 'text/plain' })).code).toBe('unsupported_media_type');
    expect((await post(url, 'alice', { ...sealedMessageToJson(sealedMessage()), suite: 'other' })).code).toBe(
      'suite_unsupported',
    );
    expect((await post(url, 'alice', sealedMessageToJson(sealedMessage()), { 'idempotency-key': 'a b' })).code).toBe(
      'idempotency_key_invalid',
    );
    expect((await post(url, 'alice', sealedMessageToJson(sealedMessage()), { 'idempotency-key': 'k' })).status).toBe(
      202,
    );
    expect((await post(url, 'alice', sealedMessageToJson(sealedMessage()), { 'idempotency-key': 'k' })).code).toBe(
      'idempotency_key_reused',
    );
    expect((await post(url, 'alice', sealedMessageToJson(sealedMessage({ expiresAtSeconds: 1 })))).code).toBe(
      'expiry_out_of_range',
    );

    for (const operation of protectedOnes())
      expect((await ask(url, nameOf(operation), plain(operation.path))).code).toBe('unauthenticated');
    for (const operation of everyRoute()) {
      const other = operation.path === '/api/messages' ? 'GET' : 'PUT';
      expect((await ask(url, nameOf(operation), plain(operation.path), { method: other })).code).toBe(
        'method_not_allowed',
      );
    }
    for (const operation of everyRoute()) {
      expect((await ask(url, nameOf(operation), `${plain(operation.path)}?${'a'.repeat(8192)}`)).code).toBe(
        'uri_too_long',
      );
      if (operation.path.includes('{'))
        expect((await ask(url, nameOf(operation), operation.path.replace(/\{.*?\}/, 'a'.repeat(300)))).code).toBe(
          'uri_too_long',
        );
      expect(
        (await ask(url, nameOf(operation), plain(operation.path), { headers: { 'x-large': 'a'.repeat(16_384) } })).code,
      ).toBe('headers_too_large');
    }
    for (const operation of operations)
      if (operation.problems.includes('forbidden'))
        for (const as of ['alice', 'nearlyAdmin'] as const)
          expect((await ask(url, nameOf(operation), plain(operation.path), { as })).code).toBe('forbidden');
    for (const operation of everyRoute())
      expect(
        (
          await ask(
            url,
            nameOf(operation),
            operation.path.includes('{') ? operation.path.replace(/\{.*?\}/, '%zz') : `${operation.path}/%zz`,
          )
        ).code,
      ).toBe('malformed_request');

    const STATUS = 'get /api/admin/status';
    const KEYS = 'get /api/admin/keys';
    expect((await ask(url, STATUS, '/api/admin/status', { as: 'admin' })).body).toMatchObject({
      budget: { hour: { cap: '1000.00' } },
      emergencyStop: { standing: false, since: null },
      rateLimits: { store: 'memory' },
    });
    expect((await ask(url, STATUS, '/api/admin/status', { as: 'adminByList' })).status).toBe(200);
    const sealedKey = {
      keyId: new Uint8Array(16),
      custody: 'arn:aws:kms:us-east-1:123456789012:alias/test',
      pcr0: new Uint8Array(48),
      epoch: 1n,
      record: new Uint8Array(9),
      rotateAfter: new Date(Date.now() - 1000),
      destroyAfter: new Date(Date.now() + 3_600_000),
    };
    await app.get(Database).client.sealedKey.create({ data: sealedKey });
    expect((await ask(url, KEYS, '/api/admin/keys', { as: 'admin' })).body).toMatchObject({
      keys: [{ keyId: '00'.repeat(16), epoch: 1, state: 'rotated', revokedAt: null }],
    });

    const ATTESTATION = 'get /attestation';
    const nonce = (byte: string) => `/attestation?nonce=${byte.repeat(16)}`;
    expect((await ask(url, ATTESTATION, '/attestation')).status).toBe(200);
    expect((await ask(url, ATTESTATION, nonce('ab'), { headers: { accept: 'application/cose' } })).status).toBe(200);
    expect((await ask(url, ATTESTATION, '/attestation?nonce=zz')).code).toBe('nonce_invalid');
    expect((await ask(url, ATTESTATION, '/attestation', { headers: { accept: 'text/html' } })).code).toBe(
      'not_acceptable',
    );
    const CONFIGURATION = 'get /attestation/configuration';
    const byHash = (sha256: string) => `/attestation/configuration?sha256=${sha256}`;
    const sha256 = createHash('sha256').update(configuration).digest('hex');
    expect((await ask(url, CONFIGURATION, byHash(sha256))).status).toBe(200);
    expect((await ask(url, CONFIGURATION, '/attestation/configuration')).status).toBe(200);
    expect((await ask(url, CONFIGURATION, byHash('ab'.repeat(32)))).code).toBe('not_found');
    enclave.behaviour = (_, response) => {
      answer(response, 200, 'application/cose', 'not a document');
    };
    expect((await ask(url, ATTESTATION, nonce('ac'))).code).toBe('enclave_answer_invalid');
    enclave.behaviour = problem('enclave_busy', 3);
    expect((await ask(url, ATTESTATION, nonce('ad'))).code).toBe('enclave_busy');
    enclave.behaviour = problem('keys_not_ready', 5);
    expect((await ask(url, ATTESTATION, nonce('af'))).code).toBe('keys_not_ready');
    enclave.behaviour = () => undefined;
    expect((await ask(url, ATTESTATION, nonce('ae'))).code).toBe('enclave_timeout');
    enclave.behaviour = good;

    await meetPage(app, url);
    await meetTemplates(app, url);
    expect((await ask(url, 'get /health', '/health')).status).toBe(200);
    expect((await ask(url, 'get /health/ready', '/health/ready')).status).toBe(200);
    for (let round = 0, status = 0; status !== 200; round++) {
      ({ status } = await ask(url, 'get /api/health/tee', '/api/health/tee'));
      if (round > 600) throw new Error('never up');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }

    expect((await ask(url, 'get /api/tee/public-key', '/api/tee/public-key')).status).toBe(200);
    expect((await post(url, 'alice', legacy)).status).toBe(202);
    await takesItsOwnExamples(url);
    await app.get(EmergencyStop).raise('a test of the contract');
    expect((await post(url, 'alice', sealedMessageToJson(sealedMessage()))).code).toBe('emergency_stop');
    expect((await ask(url, STATUS, '/api/admin/status', { as: 'admin' })).body).toMatchObject({
      emergencyStop: { standing: true, since: expect.any(String) as string },
    });
  });

  /** Posts the document's examples and follows the link to the status, as a generated client would. */
  async function takesItsOwnExamples(url: string): Promise<void> {
    const operation = served.paths['/api/messages']?.['post'] as unknown as {
      requestBody: { content: Record<string, { schema: Schema; examples: Record<string, { value: object }> }> };
      responses: Record<string, { links: { status: { operationId: string; parameters: { id: string } } } }>;
    };
    const content = operation.requestBody.content['application/json'];
    for (const { value } of Object.values(content?.examples ?? {}))
      expect((await post(url, 'bob', value)).status).toBe(202);
    const accepted = await post(url, 'bob', content?.examples['sealed']?.value);
    expect(accepted.status).toBe(202);
    const link = operation.responses['202']?.links.status;
    expect(link?.parameters).toEqual({ id: '$response.body#/id' });
    const [path] = Object.entries(served.paths).find(([, methods]) =>
      Object.values(methods).some((each) => 'operationId' in each && each.operationId === link?.operationId),
    ) ?? [''];
    const { id } = accepted.body as { id: string };
    expect((await ask(url, `get ${path}`, path.replace('{id}', id), { as: 'bob' })).status).toBe(200);
    // Each request to /docs-json returns new examples. Bob has already posted the first ones.
    const next = (await (await fetch(`${url}/docs-json`)).json()) as typeof served;
    const again =
      (next.paths['/api/messages']?.['post'] as unknown as typeof operation).requestBody.content['application/json']
        ?.examples ?? {};
    for (const { value } of Object.values(again)) expect((await post(url, 'carol', value)).status).toBe(202);
  }

  async function meetPage(app: NestFastifyApplication, url: string): Promise<void> {
    const file = (name: string, contentType: string) => ({
      name,
      contentType,
      gzipBase64: gzipSync(`content of ${name}`).toString('base64'),
    });
    app
      .get(PageFiles)
      .take([
        file('index.html', 'text/html; charset=utf-8'),
        file('status.html', 'text/html; charset=utf-8'),
        file('a.js', 'text/javascript'),
        file('a.css', 'text/css'),
        file('a.svg', 'image/svg+xml'),
      ]);
    for (const path of ['/', '/status']) {
      expect((await fetch(`${url}${path}`)).status).toBe(200);
      expect((await ask(url, `get ${path}`, path, { headers: { accept: 'application/json' } })).code).toBe('not_found');
    }
    for (const name of ['a.js', 'a.css', 'a.svg']) expect((await fetch(`${url}/page/${name}`)).status).toBe(200);
    expect((await ask(url, 'get /page/{file}', '/page/index.html')).code).toBe('not_found');
    expect((await ask(url, 'get /api/page', '/api/page')).body).toMatchObject({
      acceptedMeasurements: [{ pcr0: developmentMeasurements.pcr0, pcr3: developmentMeasurements.pcr3 }],
      developmentRoot: expect.stringContaining('BEGIN CERTIFICATE') as string,
    });
    await app.get(History).sample();
    expect((await ask(url, 'get /api/health/history', '/api/health/history')).body).toMatchObject({
      intervalSeconds: 10,
      indicators: { database: expect.stringMatching(/u$/) as string },
    });
    expect((await ask(url, 'get /api/health/history', '/api/health/history?since=x')).code).toBe('malformed_request');
    expect((await ask(url, 'get /api/admin/history', '/api/admin/history', { as: 'admin' })).body).toMatchObject({
      queue: { waiting: expect.any(Array) as number[] },
    });
  }

  async function meetTemplates(app: NestFastifyApplication, url: string): Promise<void> {
    const [LIST, MANAGED, ADD, CHANGE] = [
      'get /api/templates',
      'get /api/admin/templates',
      'post /api/templates',
      'patch /api/templates/{id}',
    ];
    const operation = served.paths['/api/templates']?.['post'] as unknown as {
      requestBody: { content: Record<string, { examples: Record<string, { value: { slug: string } }> }> };
    };
    const example = operation.requestBody.content['application/json']?.examples['template']?.value ?? { slug: '' };
    const add = (body: unknown, more: Record<string, string> = {}) =>
      ask(url, ADD, '/api/templates', { as: 'admin', ...json(body, more) });
    const added = await add(example);
    expect(added.status).toBe(201);
    const { id } = added.body as { id: string };
    const change = (body: unknown, more: Record<string, string> = {}) =>
      ask(url, CHANGE, `/api/templates/${id}`, { as: 'admin', ...json(body, more), method: 'PATCH' });
    for (const write of [add, change]) {
      expect((await write('{}', { 'content-type': 'text/plain' })).code).toBe('unsupported_media_type');
      expect((await write({ slug: 'No slug' })).code).toBe('malformed_body');
      expect((await write(' '.repeat(129 * 1024))).code).toBe('body_too_large');
    }
    expect((await add(example)).code).toBe('slug_taken');
    const campaignNote = 'a note of a registrar that this gateway does not know';
    expect((await add({ ...example, slug: 'noted', campaignNote })).code).toBe('campaign_note_invalid');
    expect((await change({ version: 1, campaignNote })).code).toBe('campaign_note_invalid');
    expect((await change({ version: 2, title: 'Other' })).code).toBe('template_changed');
    const moderation = { flagged: true, severity: 'high', toxicity: 1 };
    expect((await change({ version: 1, status: 'published', moderation })).code).toBe('template_not_publishable');
    expect((await change({ version: 1, status: 'published' })).status).toBe(200);
    expect(
      (await ask(url, CHANGE, plain('/api/templates/{id}'), { as: 'admin', ...json({ version: 1 }), method: 'PATCH' }))
        .code,
    ).toBe('not_found');
    const [RUNS, RECORD] = ['get /api/admin/templates/{id}/runs', 'post /api/admin/templates/{id}/runs'];
    const runs = `/api/admin/templates/${id}/runs`;
    expect((await ask(url, RUNS, runs, { as: 'admin' })).body).toEqual({ runs: [], costBreakdown: [] });
    expect((await ask(url, RUNS, plain('/api/admin/templates/{id}/runs'), { as: 'admin' })).code).toBe('not_found');
    const record = (body: unknown, more: Record<string, string> = {}) =>
      ask(url, RECORD, runs, { as: 'admin', ...json(body, more) });
    expect((await record({ requestId: id, task: 'draft' })).code).toBe('not_found');
    expect((await record('{}', { 'content-type': 'text/plain' })).code).toBe('unsupported_media_type');
    expect((await record({ task: 'draft' })).code).toBe('malformed_body');
    expect((await record(' '.repeat(129 * 1024))).code).toBe('body_too_large');
    const requestId = '0f7a2c5e-93b1-4d0e-8a6c-2b1d4e5f6a70';
    await app.get(Database).client.agentReservation.create({
      data: {
        ...{ requestId, attempt: 1, owner: ownerOf(ISSUER, 'ops'), state: 'settled', enclave: 'i-1' },
        ...{ requestSha256: new Uint8Array(32), keyId: new Uint8Array(16), modelClass: 'small' },
        ...{
          provider: 'openai',
          model: 'gpt-5-mini',
          reservedMicroUsd: 9n,
          spentMicroUsd: 0n,
          priceVersion: '2026-11-30.1',
        },
        ...{ reservedAt: new Date(), deadlineAt: new Date(), settledAt: new Date(), end: 'rate', statement: 'a.b.c' },
      },
    });
    expect((await record({ requestId, task: 'draft' })).status).toBe(200);
    expect((await record({ requestId, task: 'review' })).code).toBe('message_id_taken');
    expect((await ask(url, LIST, '/api/templates')).body).toMatchObject({ templates: [{ id, slug: example.slug }] });
    expect((await ask(url, MANAGED, '/api/admin/templates', { as: 'admin' })).body).toMatchObject({
      templates: [{ id, status: 'published', version: 2 }],
    });
  }

  it('covers every answer when a cap is reached', async () => {
    // No enclave listens, so no reservation is settled during the test.
    const { url } = await start({
      DATABASE_URL: await database(),
      TEE_ENDPOINT: `unix:${folder.file('nobody')}`,
      DEFAULT_USER_DAILY_LIMIT: '0.04',
      SYSTEM_HOURLY_LIMIT: '0.08',
    });
    const fresh = () => sealedMessageToJson(sealedMessage());
    expect((await post(url, 'alice', fresh())).status).toBe(202);
    expect((await post(url, 'alice', fresh())).code).toBe('user_daily_limit_reached');
    expect((await post(url, 'bob', fresh())).status).toBe(202);
    expect((await post(url, 'carol', fresh())).code).toBe('system_hourly_limit_reached');
    const nobody = { TEE_ENDPOINT: `unix:${folder.file('nobody')}` };
    const { url: full } = await start({
      ...{ DATABASE_URL: await database(), ...nobody },
      ...{ SYSTEM_HOURLY_LIMIT: '0.40', EMERGENCY_SHUTDOWN_THRESHOLD: '0.08' },
    });
    expect((await post(full, 'alice', fresh())).status).toBe(202);
    expect((await post(full, 'alice', fresh())).code).toBe('fair_share_reached');
    expect((await post(full, 'bob', fresh())).status).toBe(202);
    expect((await post(full, 'carol', fresh())).code).toBe('system_daily_limit_reached');
    const { url: few } = await start({ DATABASE_URL: await database(), MESSAGES_PER_USER_DAY: '1' });
    expect((await post(few, 'alice', fresh())).status).toBe(202);
    expect((await post(few, 'alice', fresh())).code).toBe('daily_messages_reached');
  });

  it('covers every answer to tasks for models', async () => {
    const tasks = await TaskEnclave.start(folder.file('tasks'), folder.file('root'));
    closing.push(() => tasks.kill());
    const on = { TEE_ENDPOINT: `unix:${folder.file('tasks')}`, AGENTS: 'on', AGENT_TIMEOUT_MS: '8000' };
    const ready = async (over: Record<string, string>) => {
      const started = await start({ ...on, ...over });
      const monitor = started.app.get(AttestationMonitor);
      while (!monitor.enclaves.every((one) => one.takesMessages())) await monitor.checkNow();
      return started;
    };
    const { app, url } = await ready({ DATABASE_URL: await database() });
    const client = app.get(Database).client;
    const TASK = 'post /api/agents';
    const run = (at: string, request: AgentRequest, as: keyof typeof tokens = 'alice') =>
      ask(at, TASK, '/api/agents', { as, body: encoded(request), headers: { 'content-type': 'application/cbor' } });
    /** Posts one task, expects this code, and empties the database. */
    const meets = async (code: string, request = tasks.request(), at = url) => {
      expect((await run(at, request)).code).toBe(code);
      await empty();
    };
    const empty = async () => {
      await client.$executeRaw`TRUNCATE agent_reservation, agent_model_off, budget_window, emergency_stop`;
      tasks.forget();
    };

    expect((await ask(url, 'get /api/agents', '/api/agents')).status).toBe(200);
    const request = tasks.request();
    expect((await run(url, request)).status).toBe(200);
    expect((await run(url, request, 'bob')).code).toBe('message_id_taken');
    const body = agentRequestToJson(tasks.request());
    for (const [bad, code] of [
      ['{', 'malformed_body'],
      [{ ...body, sealed: { ...body.sealed, suite: 'none' } }, 'suite_unsupported'],
      [`"${'x'.repeat(LIMITS.maxAgentRequestJsonBytes)}"`, 'body_too_large'],
    ] as const)
      expect((await ask(url, TASK, '/api/agents', { as: 'alice', ...json(bad) })).code).toBe(code);
    expect((await ask(url, TASK, '/api/agents', { as: 'alice' })).code).toBe('unsupported_media_type');
    await meets('model_class_unknown', { ...tasks.request(), modelClass: 'none' });
    await meets('key_retired', tasks.request({ sealed: { keyId: new Uint8Array(16) } }));
    await meets('expiry_out_of_range', tasks.request({ sealed: { expiresAtSeconds: 1 } }));
    for (const code of ['message_expired', 'sealed_message_refused', 'keys_not_ready', 'enclave_busy'] as const) {
      tasks.intercept = async (asked, response) => {
        if (asked.path === '/agents') await problem(code)(asked, response);
        return asked.path === '/agents';
      };
      await meets(code);
    }
    for (const [behave, code] of [
      [(response: ServerResponse) => response.socket?.destroy(), 'enclave_unavailable'],
      [(response: ServerResponse) => response.writeHead(200).end(), 'enclave_answer_invalid'],
    ] as const) {
      tasks.intercept = ({ path }, response) => {
        if (path === '/agents') behave(response);
        return path === '/agents';
      };
      await meets(code);
      await app.get(AttestationMonitor).checkNow();
    }
    tasks.provider = () => ({ end: 'quota', usageState: 'not_billed' });
    await meets('provider_unavailable');
    await client.agentModelOff.create({ data: { provider: 'openai', model: '*', why: 'free_tier' } });
    await meets('model_off');
    await client.emergencyStop.create({ data: { reason: 'test' } });
    await meets('emergency_stop');
    let letGo: () => void = () => undefined;
    tasks.provider = () =>
      new Promise((resolve) => {
        letGo = () => {
          resolve({});
        };
      });
    const running = run(url, tasks.request());
    while (tasks.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await run(url, tasks.request())).code).toBe('task_running');
    letGo();
    await running;
    const quick = await ready({ DATABASE_URL: await database(), AGENT_TIMEOUT_MS: '1000' });
    tasks.intercept = ({ path }) => path === '/agents';
    await meets('enclave_timeout', tasks.request(), quick.url);
    await app.get(AttestationMonitor).checkNow();
    await empty();
    const spent = async (scope: 'user_day' | 'system_hour' | 'system_day', amounts: Record<string, bigint>) => {
      const { hour, day } = windowsOf(new Date());
      const subject = scope === 'user_day' ? ownerOf(ISSUER, 'alice') : '';
      await client.budgetWindow.create({
        data: { scope, subject, startsAt: scope === 'system_hour' ? hour : day, ...amounts },
      });
    };
    await spent('user_day', { spentMicroUsd: 10n ** 9n });
    await meets('user_daily_limit_reached');
    await spent('system_hour', { spentMicroUsd: 10n ** 9n });
    await meets('system_hourly_limit_reached');
    await spent('system_day', { reservedMicroUsd: 10n ** 9n });
    await meets('system_daily_limit_reached');
    const narrow = await ready({
      DATABASE_URL: await database(),
      SYSTEM_HOURLY_LIMIT: '0.01',
      DELIVERY_PRICE_PER_OFFICE: '0',
    });
    await meets('agent_share_reached', tasks.request(), narrow.url);

    const known = tasks.request();
    expect((await run(url, known)).status).toBe(200);
    await tasks.kill();
    await tasks.boot();
    await app.get(AttestationMonitor).checkNow();
    await meets('outcome_unknown', known);
    const away = await ready({ DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    expect((await run(away.url, tasks.request())).code).toBe('database_unavailable');
    expect((await ask(away.url, 'get /api/agents', '/api/agents')).code).toBe('database_unavailable');
    tasks.configure(null);
    await app.get(AttestationMonitor).checkNow();
    await meets('agents_off');
  });

  it('covers every answer while the database and the enclave cannot be reached', async () => {
    const { url } = await start({
      DATABASE_URL: 'postgresql://127.0.0.1:1/none',
      TEE_ENDPOINT: `unix:${folder.file('nobody')}`,
    });
    expect((await post(url, 'alice', sealedMessageToJson(sealedMessage()))).code).toBe('database_unavailable');
    for (const { method, path, problems } of protectedOnes())
      if (method === 'get' && problems.includes('database_unavailable'))
        expect((await ask(url, `${method} ${path}`, plain(path), { as: 'admin' })).code).toBe('database_unavailable');
    expect((await ask(url, 'get /api/templates', '/api/templates')).code).toBe('database_unavailable');
    const template = exampleNewTemplate(freshExamples()).value;
    expect((await ask(url, 'post /api/templates', '/api/templates', { as: 'admin', ...json(template) })).code).toBe(
      'database_unavailable',
    );
    expect(
      (
        await ask(url, 'patch /api/templates/{id}', plain('/api/templates/{id}'), {
          as: 'admin',
          ...json({ version: 1 }),
          method: 'PATCH',
        })
      ).code,
    ).toBe('database_unavailable');
    const runs = '/api/admin/templates/{id}/runs';
    const run = { as: 'admin' as const, ...json({ requestId: '0f7a2c5e-93b1-4d0e-8a6c-2b1d4e5f6a70', task: 'draft' }) };
    const noTemplate = plain(runs);
    expect((await ask(url, `post ${runs}`, noTemplate, run)).code).toBe('database_unavailable');
    expect((await ask(url, `get ${runs}`, noTemplate, { as: 'admin' })).code).toBe('database_unavailable');
    expect((await ask(url, 'get /health/ready', '/health/ready')).code).toBe('database_unavailable');
    expect((await ask(url, 'get /api/tee/public-key', '/api/tee/public-key')).code).toBe('not_found');
    expect((await post(url, 'alice', legacy)).code).toBe('enclave_unavailable');
    expect((await ask(url, 'get /attestation', '/attestation')).code).toBe('enclave_unavailable');
    expect((await ask(url, 'get /attestation/configuration', '/attestation/configuration')).code).toBe(
      'enclave_unavailable',
    );
    expect((await ask(url, 'get /api/health/tee', '/api/health/tee')).status).toBe(503);
    expect((await ask(url, 'get /health', '/health')).status).toBe(200);
  });

  it('covers every answer while the identity provider cannot be reached', async () => {
    const { url } = await start({ AUTH_JWKS_FILE: '', AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks' });
    for (const { method, path } of protectedOnes())
      expect((await ask(url, `${method} ${path}`, plain(path), { as: 'alice' })).code).toBe(
        'identity_provider_unavailable',
      );
  });

  it('covers every answer when a rate limit is reached', async () => {
    const { url } = await start({
      RATE_LIMIT_MAX_REQUESTS: '1',
      RATE_LIMIT_ATTESTATION_MAX_REQUESTS: '1',
      RATE_LIMIT_OTHER_MAX_REQUESTS: '1',
    });
    for (const { method, path } of everyRoute()) {
      await fetch(`${url}${plain(path)}`, { method: method.toUpperCase() });
      expect((await ask(url, `${method} ${path}`, plain(path))).code).toBe('rate_limited');
    }
  });

  it('documents only answers that occur in this spec or in one that ELSEWHERE names', () => {
    expect(operations.length).toBeGreaterThan(10);
    for (const operation of operations) {
      const name = nameOf(operation);
      const documented = [...new Set([...operation.problems, ...EVERYWHERE])];
      const answers = Object.entries(operation.answers).flatMap(([status, { content }]) =>
        Object.keys(content).map((type) => `${status} ${type}`),
      );
      const seen = met.get(name) ?? new Set();
      expect({
        name,
        notMet: [...documented, ...answers].filter(
          (what) => !seen.has(what) && (ELSEWHERE[what as ProblemCode] ?? '') === '',
        ),
        metAfterAll: Object.keys(ELSEWHERE).filter((code) => seen.has(code)),
        notDocumented: [...seen].filter((what) => !documented.includes(what as ProblemCode) && !answers.includes(what)),
      }).toEqual({ name, notMet: [], metAfterAll: [], notDocumented: [] });
    }
  });

  it('is checked by a validator that finds violations', () => {
    const schema = {
      type: 'object',
      required: ['a'],
      additionalProperties: false,
      properties: {
        a: { type: ['integer', 'null'], minimum: 1 },
        b: { anyOf: [{ const: 1 }, { type: 'string', format: 'uuid' }] },
      },
    };
    expect(violations(schema, { a: 1, b: 1 })).toEqual([]);
    for (const wrong of [{}, { a: 0 }, { a: 1.5 }, { a: 1, b: 'x' }, { a: 1, c: 1 }, [], null, 'a'])
      expect(violations(schema, wrong)).not.toEqual([]);
    expect(() => violations({ type: 'string', unheardOf: 1 }, 'x')).toThrow('unheardOf');
  });
});

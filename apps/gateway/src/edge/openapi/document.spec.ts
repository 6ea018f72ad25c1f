import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import { createApp } from '../../create-app';
import { testConfig } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';
import { documentedOperations, type DocumentedOperation, EVERYWHERE, openApiDocument } from './document';

interface Document {
  readonly openapi: string;
  readonly paths: Record<
    string,
    Record<
      string,
      {
        operationId: string;
        responses: Record<string, { content: Record<string, unknown> }>;
        requestBody?: unknown;
        security: unknown[];
      }
    >
  >;
}

describe('the OpenAPI document', () => {
  let folder: string;
  let app: NestFastifyApplication;
  let described: DocumentedOperation[];
  let document: Document;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'communique-openapi-'));
    const keySet = join(folder, 'jwks.json');
    await (await createIssuer()).writeKeySet(keySet);
    // Nothing listens at these addresses: to know its routes the gateway needs neither database nor enclave.
    app = await createApp(testConfig({ DATABASE_URL: 'postgresql://127.0.0.1:1/none', AUTH_JWKS_FILE: keySet }));
    await app.init();
    described = documentedOperations(app.get(RegisteredRoutes));
    document = JSON.parse(JSON.stringify(openApiDocument(described))) as Document;
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  it('describes every route that the gateway has', () => {
    const registered = app
      .get(RegisteredRoutes)
      .all()
      .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
      .map(({ method, url }) => `${method} ${url}`);
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(registered.length).toBeGreaterThan(10);
    expect(documented.sort()).toEqual(registered.sort());
  });

  it('describes bodies by the schemas that read and write them', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.paths['/api/messages']?.['post']).toMatchObject({
      security: [{ bearer: [] }],
      requestBody: {
        content: {
          'application/json': {
            schema: {
              anyOf: [
                {
                  additionalProperties: false,
                  required: expect.arrayContaining(['ciphertext', 'nonce', 'keyId']) as string[],
                },
                {
                  additionalProperties: false,
                  required: expect.arrayContaining(['ciphertext', 'nonce', 'teeKeyId']) as string[],
                },
              ],
            },
          },
          'application/cbor': {},
        },
      },
      responses: {
        '202': {
          content: {
            'application/json': {
              schema: {
                properties: { status: { enum: expect.arrayContaining(['queued', 'key_retired']) as string[] } },
              },
            },
          },
        },
      },
    });
  });

  it('names every operation once', () => {
    const ids = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(described.length);
    expect(ids).toContain('postApiMessages');
  });

  it('lists each problem under its status, and leaves out only those that never reach a client of the gateway', () => {
    const documented = new Set([...described.flatMap(({ problems }) => problems), ...EVERYWHERE]);
    // met between gateway and enclave only, or kept in the table for later
    const inside: ProblemCode[] = ['key_retired', 'message_expired', 'sealed_message_refused', 'service_off'];
    expect([...documented, ...inside].sort()).toEqual(Object.keys(PROBLEMS).sort());
    for (const { problems, method, path } of described) {
      for (const code of problems)
        expect(JSON.stringify(document.paths[path]?.[method]?.responses[String(PROBLEMS[code].status)])).toContain(
          code,
        );
    }
  });
});

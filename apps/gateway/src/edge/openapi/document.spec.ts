import { isProblemCode, problemDocument, PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RegisteredRoutes } from '../../core/routing/registered-routes';
import {
  documentedOperations,
  type DocumentedOperation,
  freshExamples,
  openApiDocument,
  fixedExamples,
} from './document';
import { EVERYWHERE } from './problem-responses';
import { type Schema, violations } from './testing/json-schema';
import { unconnectedGateway } from './testing/unconnected-gateway';

interface Examples {
  readonly examples?: Record<string, { readonly summary: string; readonly value: unknown }>;
}
type Content = Record<string, { readonly schema: Schema } & Examples>;
interface Response {
  readonly $ref?: string;
  readonly description: string;
  readonly content: Content;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: string[];
  readonly security: unknown[];
  readonly parameters?: { readonly name: string; readonly schema: Schema; readonly example: unknown }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Record<string, Response>;
}
interface Document {
  readonly openapi: string;
  readonly servers: unknown[];
  readonly tags: { readonly name: string; readonly description: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, Schema>;
    readonly responses: Record<string, Response>;
    readonly securitySchemes: Record<string, object>;
  };
}

describe('the OpenAPI document', () => {
  let app: NestFastifyApplication;
  let described: DocumentedOperation[];
  let document: Document;
  let operations: Operation[];

  const built = (source: ReturnType<typeof fixedExamples>) =>
    JSON.parse(JSON.stringify(openApiDocument(described, source))) as Document;
  beforeAll(async () => {
    app = await unconnectedGateway();
    described = documentedOperations(app.get(RegisteredRoutes));
    document = built(fixedExamples());
    operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  });
  afterAll(() => app.close());

  const contents = (): [string, Content[string]][] => [
    ...operations.flatMap(({ operationId, requestBody, responses }) =>
      [requestBody, ...Object.values(responses)].flatMap((each) =>
        Object.entries(each?.content ?? {}).map(([type, of]): [string, Content[string]] => [
          `${operationId} ${type}`,
          of,
        ]),
      ),
    ),
    ...Object.entries(document.components.responses).flatMap(([name, { content }]) =>
      Object.entries(content).map(([type, of]): [string, Content[string]] => [`${name} ${type}`, of]),
    ),
  ];
  const isBytes = (type: string) => /application\/(cbor|cose)$/.test(type);

  it('equals docs/openapi.json, except for examples that are made anew for each request', () => {
    const withoutExamples = (value: unknown): unknown =>
      JSON.parse(JSON.stringify(value, (key, of: unknown) => (key === 'example' || key === 'examples' ? null : of)));
    const [first, second] = [built(freshExamples()), built(freshExamples())];
    expect(withoutExamples(first)).toEqual(withoutExamples(document));
    expect(first).not.toEqual(second);
  });

  it('describes every route, except those that are marked as not part of the API', () => {
    const routes = app
      .get(RegisteredRoutes)
      .all()
      .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'));
    const left = routes.filter(({ policy }) => policy.operation === null).map(({ url }) => url);
    expect(routes.filter(({ policy }) => policy.operation === undefined)).toEqual([]);
    expect(left).toEqual(expect.arrayContaining(['/', '/status', '/page/:file']));
    expect(left.filter((url) => /^\/(api|attestation|health)/.test(url))).toEqual([]);
    const registered = routes.filter(({ url }) => !left.includes(url)).map(({ method, url }) => `${method} ${url}`);
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    expect(registered.length).toBeGreaterThan(10);
    expect(documented.sort()).toEqual(registered.sort());
  });

  it('gives every operation a unique id of verb and noun, a summary, a description and a described tag', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(operations.length);
    for (const { operationId, summary, description, tags } of operations) {
      expect(operationId).toMatch(/^(get|list|submit|watch|create|update|delete|revoke)([A-Z][a-z]+)+$/);
      expect(summary).toMatch(/^[A-Z].{8,70}[^.]$/);
      expect(description).toMatch(/^[A-Z].*[.]$/s);
      expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(tags));
      expect(tags).toHaveLength(1);
    }
    for (const { description } of document.tags) expect(description).toMatch(/[.]$/);
    expect(ids).toEqual(expect.arrayContaining(['submitMessage', 'getMessage', 'watchMessage', 'getAttestation']));
  });

  it('names every schema of a body once, and refers to it', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.servers).toHaveLength(1);
    for (const [name, { schema }] of contents())
      if (!isBytes(name) && !name.endsWith('event-stream'))
        expect([name, schema]).toEqual([
          name,
          { $ref: expect.stringMatching(/^#\/components\/schemas\/[A-Z]/) as string },
        ]);
    expect(document.paths['/api/messages']?.['post']).toMatchObject({
      security: [{ bearer: [] }, {}],
      requestBody: {
        content: {
          'application/json': {
            schema: { $ref: '#/components/schemas/SubmittedMessage' },
          },
          'application/cbor': {},
        },
      },
      responses: { '202': { content: { 'application/json': { schema: { $ref: '#/components/schemas/Message' } } } } },
    });
    expect(document.components.schemas).toMatchObject({
      SubmittedMessage: {
        anyOf: ['SealedMessage', 'ProvenMessage', 'LegacyMessage'].map((name) => ({
          $ref: `#/components/schemas/${name}`,
        })),
      },
      SealedMessage: {
        additionalProperties: false,
        required: expect.arrayContaining(['ciphertext', 'nonce', 'keyId']) as string[],
      },
      MessageStatus: { enum: expect.arrayContaining(['queued', 'key_retired']) as string[] },
    });
  });

  it('states what each operation accepts instead of a token', () => {
    const of = Object.fromEntries(operations.map(({ operationId, security }) => [operationId, security]));
    expect(of).toMatchObject({
      submitMessage: [{ bearer: [] }, {}],
      getMessage: [{ bearer: [] }, { statusSecret: [] }],
      watchMessage: [{ bearer: [] }, { statusSecret: [] }],
      getBudget: [{ bearer: [] }],
      getResidence: [],
    });
    expect(document.components.securitySchemes['statusSecret']).toMatchObject({
      type: 'apiKey',
      in: 'header',
      name: 'communique-status-secret',
    });
  });

  it('has a valid example of every body except bytes, and of every parameter', () => {
    for (const [name, { schema, examples = {} }] of contents()) {
      expect([name, Object.keys(examples).length > 0]).toEqual([name, !isBytes(name)]);
      for (const { value, summary } of Object.values(examples)) {
        expect(summary).not.toBe('');
        expect([name, violations(schema, value, document.components)]).toEqual([name, []]);
      }
    }
    for (const { operationId, parameters = [] } of operations)
      for (const { name, schema, example } of parameters)
        expect([operationId, name, violations(schema, example)]).toEqual([operationId, name, []]);
  });

  it('lists each problem under its status, except those that never reach a client', () => {
    const documented = new Set([...described.flatMap(({ problems }) => problems), ...EVERYWHERE]);
    // occurs only between gateway and enclave
    const inside: ProblemCode[] = ['service_off'];
    expect([...documented, ...inside].sort()).toEqual(Object.keys(PROBLEMS).sort());
    for (const { problems, method, path } of described) {
      const responses = document.paths[path]?.[method]?.responses ?? {};
      const listed = Object.values(responses).flatMap(({ description }) =>
        [...description.matchAll(/^`([a-z_]+)`: /gm)].map(([, code]) => code),
      );
      expect([...listed].sort()).toEqual([...new Set([...problems, ...EVERYWHERE])].sort());
      for (const code of problems) expect(responses[String(PROBLEMS[code].status)]?.description).toContain(code);
    }
  });

  it('has one response for each status of a problem, with examples of the problems as they are sent', () => {
    const { responses } = document.components;
    for (const { content } of Object.values(responses))
      for (const [code, { value }] of Object.entries(content['application/problem+json']?.examples ?? {}))
        expect(isProblemCode(code) && value).toMatchObject(problemDocument(code as ProblemCode));
    for (const { operationId, responses: own } of operations)
      for (const [status, { $ref = '' }] of Object.entries(own))
        if (Number(status) >= 400 && status !== '503')
          expect([operationId, Object.hasOwn(responses, $ref.replace('#/components/responses/', ''))]).toEqual([
            operationId,
            true,
          ]);
  });
});

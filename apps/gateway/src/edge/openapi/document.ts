import { PROBLEM_MEDIA_TYPE, PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import type { OpenAPIObject } from '@nestjs/swagger';
import * as z from 'zod';
import { MAY_BE_HAD_LATER } from '../../core/problems/problem-error';
import type { Answer, OperationDescription } from '../../core/routing/operation';
import type { RegisteredRoutes } from '../../core/routing/registered-routes';

const LIMIT_HEADERS = {
  'RateLimit-Policy':
    'Quota (q) and window in seconds (w) of each limit that counts here: of the address and, with a token, of the user.',
  RateLimit:
    'What remains of each (r), and in how many seconds its window ends (t). draft-ietf-httpapi-ratelimit-headers.',
} as const;
const RETRY_AFTER = { 'Retry-After': 'Whole seconds.' } as const;

/** What any request can meet, whatever its route. */
export const EVERYWHERE: readonly ProblemCode[] = [
  'malformed_request',
  'rate_limited',
  'method_not_allowed',
  'request_timeout',
  'uri_too_long',
  'headers_too_large',
  'shutting_down',
  'internal_error',
  'transfer_coding_unsupported',
];

/** A registered route with all that its decorators say of it. */
export interface DocumentedOperation extends OperationDescription {
  /** In lower case, as the document has it. */
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly authenticated: boolean;
  /** Without those of EVERYWHERE that no decorator names. */
  readonly problems: readonly ProblemCode[];
}

/** The routes that carry `@Operation`. Each GET can be asked as HEAD too, which the document's description tells once. */
export function documentedOperations(routes: RegisteredRoutes): DocumentedOperation[] {
  return routes.all().flatMap(({ method, url, policy: { operation, authenticated = false, problems = [] } }) =>
    operation === undefined || method === 'HEAD'
      ? []
      : [
          {
            ...operation,
            method: method.toLowerCase(),
            path: url.replace(/:(\w+)/g, '{$1}'),
            authenticated,
            problems,
          },
        ],
  );
}

/** The OpenAPI 3.1 document, built from the very schemas that read and write the bodies. */
export function openApiDocument(operations: readonly DocumentedOperation[]): OpenAPIObject {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'communique-tee gateway',
      version: '1',
      description: `Private messages to Congress through an attested enclave. Every GET can be asked as HEAD (RFC 9110 section 9.3.2). Errors are problem documents (RFC 9457) with a stable \`code\`; every answer carries \`x-request-id\`.\n\n${problemTable()}`,
    },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Problem: problemSchema(Object.keys(PROBLEMS) as ProblemCode[]) },
    },
  } as unknown as OpenAPIObject;
}

function operationObject(operation: DocumentedOperation): Record<string, unknown> {
  return {
    operationId: `${operation.method}${operation.path.replace(/[^a-z]+([a-z])/gi, (_, letter: string) => letter.toUpperCase()).replace(/[^a-z]/gi, '')}`,
    summary: operation.summary,
    description: operation.description,
    ...(operation.authenticated ? { security: [{ bearer: [] }] } : { security: [] }),
    ...(operation.parameters === undefined ? {} : { parameters: operation.parameters }),
    ...(operation.body === undefined
      ? {}
      : { requestBody: { required: true, content: bodyObject(operation.body, operation.bodyExamples) } }),
    responses: { ...problemResponses([...operation.problems, ...EVERYWHERE]), ...answerResponses(operation.answers) },
  };
}

function answerResponses(answers: DocumentedOperation['answers']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, content, headers, links }]) => [
      status,
      {
        description,
        content: contentObject(content, 'output'),
        headers: headerObjects({
          ...LIMIT_HEADERS,
          ...headers,
          ...(MAY_BE_HAD_LATER.has(Number(status)) ? RETRY_AFTER : {}),
        }),
        ...(links === undefined ? {} : { links }),
      },
    ]),
  );
}

function headerObjects(headers: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
  );
}

function contentObject(content: Answer['content'], io: 'input' | 'output'): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(content).map(([mediaType, schema]) => [
      mediaType,
      { schema: schema instanceof z.ZodType ? jsonSchema(schema, io) : schema },
    ]),
  );
}

function bodyObject(
  body: Answer['content'],
  examples: OperationDescription['bodyExamples'] = {},
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(contentObject(body, 'input')).map(([mediaType, content]) => {
      const value = examples[mediaType]?.();
      if (value === undefined) return [mediaType, content];
      const { schema } = content as { schema: ObjectSchema };
      return [
        mediaType,
        { schema: withExamples(schema, value), examples: { accepted: { summary: 'Accepted as it is', value } } },
      ];
    }),
  );
}

interface ObjectSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, object>>;
  readonly anyOf?: readonly ObjectSchema[];
}

/** The members of an example beside the schemas of those members, for generators that vary one at a time. */
function withExamples(schema: ObjectSchema, example: Readonly<Record<string, unknown>>): ObjectSchema {
  const { required = [], properties, anyOf } = schema;
  const isAbout = properties !== undefined && required.every((name) => Object.hasOwn(example, name));
  return {
    ...schema,
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((each) => withExamples(each, example)) }),
    ...(isAbout && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, of]) => [
          name,
          Object.hasOwn(example, name) ? { ...of, examples: [example[name]] } : of,
        ]),
      ),
    }),
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
  return rest;
}

function problemResponses(codes: readonly ProblemCode[]): Record<string, unknown> {
  const byStatus = Map.groupBy([...new Set(codes)], (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n'),
        ...(MAY_BE_HAD_LATER.has(status)
          ? { headers: headerObjects({ ...(status === 429 ? LIMIT_HEADERS : {}), ...RETRY_AFTER }) }
          : {}),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema(ofStatus) } },
      },
    ]),
  );
}

function problemSchema(codes: readonly ProblemCode[]): Record<string, unknown> {
  const text = { type: 'string' };
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'code'],
    properties: {
      type: { ...text, description: 'urn:communique-tee:problem:<code>' },
      title: text,
      status: { type: 'integer' },
      code: { enum: codes },
      detail: text,
      errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['pointer', 'code', 'message'],
          properties: { pointer: text, code: text, message: text },
        },
      },
      retryAfterSeconds: { type: 'integer', description: 'Also in Retry-After.' },
    },
  };
}

function problemTable(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) => `| ${String(status)} | \`${code}\` | ${title} |`,
  );
  return ['| status | code | |', '|---|---|---|', ...rows].join('\n');
}

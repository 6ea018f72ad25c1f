import { createHash, randomBytes } from 'node:crypto';
import type { ProblemCode } from '@communique-tee/protocol';
import type { OpenAPIObject } from '@nestjs/swagger';
import { MAY_BE_HAD_LATER } from '../../core/problems/problem-error';
import type { Content, Example, ExampleSource, OperationDescription } from '../../core/routing/operation';
import type { RegisteredRoutes } from '../../core/routing/registered-routes';
import type { RoutePolicy } from '../../core/routing/route-policy';
import { STATUS_SECRET_HEADER } from '../../features/auth/status-secret';
import { HEADERS, headersOf } from './headers';
import { NamedSchemas } from './named-schemas';
import { ProblemResponses } from './problem-responses';

const DESCRIPTION = `Private messages to Congress through an attested enclave. The gateway cannot read them.

1. Call \`getAttestation\` with a nonce of your own. Verify the document: it names the image, and the key to which you seal.
2. Seal the message to that key, and submit it with \`submitMessage\`.
3. Follow the message with \`watchMessage\` or \`getMessage\` until it has ended, and verify its receipt.

The library \`@communique-tee/client\` does all three. Errors are problem documents (RFC 9457) with a stable \`code\`. Every answer has the header \`x-request-id\`. Every GET also answers HEAD.`;

/** A registered route with the metadata of its decorators. */
export interface DocumentedOperation extends OperationDescription {
  /** In lower case. */
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly authenticated: boolean;
  readonly inPlaceOfToken?: RoutePolicy['inPlaceOfToken'];
  /** Codes of EVERYWHERE (problem-responses.ts) are included only if a decorator names them. */
  readonly problems: readonly ProblemCode[];
}

/** Inputs for examples that the gateway accepts now; each request for the document gets new ones. */
export function freshExamples(): ExampleSource {
  return { nowSeconds: Math.floor(Date.now() / 1000), random: (bytes) => new Uint8Array(randomBytes(bytes)) };
}

/** Inputs for the examples of docs/openapi.json, the same in each run. */
export function fixedExamples(): ExampleSource {
  let count = 0;
  const random = (bytes: number) =>
    new Uint8Array(
      createHash('shake256', { outputLength: bytes })
        .update(`example ${String(count++)}`)
        .digest(),
    );
  return { nowSeconds: 1_798_761_600, random };
}

/** Returns the routes that carry `@Operation`, without HEAD. */
export function documentedOperations(routes: RegisteredRoutes): DocumentedOperation[] {
  return routes.all().flatMap(({ method, url, policy }) => {
    const { operation, authenticated = false, inPlaceOfToken, problems = [] } = policy;
    if (operation === undefined || operation === null || method === 'HEAD') return [];
    const path = url.replace(/:(\w+)/g, '{$1}');
    return [{ ...operation, method: method.toLowerCase(), path, authenticated, inPlaceOfToken, problems }];
  });
}

/**
 * Builds the OpenAPI 3.1 document from the schemas that read and write the bodies.
 * @throws Error if two controllers describe one tag in different words
 */
export function openApiDocument(
  operations: readonly DocumentedOperation[],
  exampleSource: ExampleSource,
): OpenAPIObject {
  const schemas = new NamedSchemas();
  const problems = new ProblemResponses(schemas);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations)
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: operationObject(operation, { schemas, problems, exampleSource }),
    };
  return {
    openapi: '3.1.0',
    info: {
      title: 'communique-tee gateway',
      version: '1',
      description: DESCRIPTION,
      contact: { name: 'The operator of this gateway' },
      license: { name: 'Apache License 2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: tagsOf(operations),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of the identity provider that the operator of this gateway configured.',
        },
        statusSecret: {
          type: 'apiKey',
          in: 'header',
          name: STATUS_SECRET_HEADER,
          description:
            'The status secret of a message with a proof of residence (32 bytes in base64url), in place of a token. Do not put it into the address: `?status=` gets 400.',
        },
      },
      headers: HEADERS,
      responses: problems.all(),
      schemas: schemas.all(),
    },
  } as unknown as OpenAPIObject;
}

/**
 * What may replace the token, as alternative security requirements (OpenAPI 3.1, Security Requirement Object). A proof is in the body, which
 * OpenAPI cannot express, so the requirement for a proof is empty.
 */
const IN_PLACE_OF_TOKEN = { status_secret: { statusSecret: [] }, proof: {} } as const;

function securityOf({ authenticated, inPlaceOfToken }: DocumentedOperation): object[] {
  if (!authenticated) return [];
  return [{ bearer: [] }, ...(inPlaceOfToken === undefined ? [] : [IN_PLACE_OF_TOKEN[inPlaceOfToken]])];
}

interface Parts {
  readonly schemas: NamedSchemas;
  readonly problems: ProblemResponses;
  readonly exampleSource: ExampleSource;
}

function operationObject(operation: DocumentedOperation, parts: Parts): Record<string, unknown> {
  const { id, tag, summary, description, parameters, body, problems } = operation;
  return {
    operationId: id,
    tags: [tag.name],
    summary,
    description,
    security: securityOf(operation),
    ...(parameters !== undefined && {
      parameters: parameters.map(({ example, ...rest }) => ({
        ...rest,
        example: typeof example === 'function' ? example(parts.exampleSource) : example,
      })),
    }),
    ...(body !== undefined && { requestBody: { required: true, content: contentObject(body, 'input', parts) } }),
    responses: { ...parts.problems.of(problems), ...answerResponses(operation, parts) },
  };
}

function answerResponses({ answers, problems }: DocumentedOperation, parts: Parts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, { description, content, headers, links }]) => {
      // A status can be both an answer and a problem: 503 of /api/health/tee is also the answer if a part is down
      const alsoProblem = parts.problems.sameStatus(Number(status), problems);
      return [
        status,
        {
          description: [description, ...(alsoProblem === undefined ? [] : [alsoProblem.description])].join('\n\n'),
          headers: headersOf({ limits: true, retryAfter: MAY_BE_HAD_LATER.has(Number(status)) }, headers),
          content: { ...contentObject(content, 'output', parts), ...alsoProblem?.content },
          ...(links !== undefined && { links }),
        },
      ];
    }),
  );
}

function contentObject(content: Content, io: 'input' | 'output', { schemas, exampleSource }: Parts): object {
  return Object.fromEntries(
    Object.entries(content).map(([mediaType, { schema, examples }]) => [
      mediaType,
      {
        schema: schemas.of(schema, io),
        ...(examples !== undefined && {
          examples: Object.fromEntries(
            Object.entries(examples).map(([name, example]): [string, Example] => [
              name,
              typeof example === 'function' ? example(exampleSource) : example,
            ]),
          ),
        }),
      },
    ]),
  );
}

function tagsOf(operations: readonly DocumentedOperation[]): object[] {
  const tags = new Map<string, string>();
  for (const { tag } of operations) {
    if ((tags.get(tag.name) ?? tag.description) !== tag.description)
      throw new Error(`the tag ${tag.name} is described in two ways`);
    tags.set(tag.name, tag.description);
  }
  return [...tags].map(([name, description]) => ({ name, description }));
}

import { PROBLEMS, type ProblemCode } from '@communique-tee/protocol';
import { EVERYWHERE, OPERATIONS } from './operations';
import { openApiDocument } from './document';

describe('the OpenAPI document', () => {
  const document = JSON.parse(JSON.stringify(openApiDocument())) as {
    openapi: string;
    paths: Record<
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
  };
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

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
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(OPERATIONS.length);
    expect(ids).toContain('postApiMessages');
  });

  it('lists each problem under its status, and leaves out only those that never reach a client of the gateway', () => {
    const documented = new Set([...OPERATIONS.flatMap(({ problems }) => problems), ...EVERYWHERE]);
    // met between gateway and enclave only, or kept in the table for later
    const inside: ProblemCode[] = ['key_retired', 'message_expired', 'sealed_message_refused'];
    expect([...documented, ...inside].sort()).toEqual(Object.keys(PROBLEMS).sort());
    for (const { problems, method, path } of OPERATIONS) {
      for (const code of problems)
        expect(JSON.stringify(document.paths[path]?.[method]?.responses[String(PROBLEMS[code].status)])).toContain(
          code,
        );
    }
  });
});

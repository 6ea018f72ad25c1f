import { STATUS_CODES } from 'node:http';
import {
  PROBLEM_MEDIA_TYPE,
  PROBLEMS,
  PROVIDER_FAILURES,
  problemDocument,
  providerUnavailableMembers,
  type ProblemCode,
} from '@communique-tee/protocol';
import * as z from 'zod';
import { DEFAULT_RETRY_AFTER_SECONDS, MAY_BE_HAD_LATER } from '../../core/problems/problem-error';
import { headersOf } from './headers';
import type { NamedSchemas } from './named-schemas';

/** Problems that any route can return. */
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

const problemSchema = z
  .strictObject({
    type: z.string().meta({ description: '`urn:communique-tee:problem:<code>`' }),
    title: z.string().meta({ description: 'A title for people, which may change.' }),
    status: z.int(),
    code: z
      .enum(Object.keys(PROBLEMS) as [ProblemCode])
      .meta({ id: 'ProblemCode', description: 'What is wrong. Codes do not change; docs/errors.md explains each.' }),
    detail: z.string().optional().meta({ description: 'A sentence for people. It contains nothing of the request.' }),
    errors: z
      .array(
        z.strictObject({ pointer: z.string(), code: z.string(), message: z.string() }).meta({
          id: 'FieldProblem',
          description: 'A field that is wrong: its JSON pointer, the rule that it breaks, and a sentence for people.',
        }),
      )
      .optional(),
    retryAfterSeconds: z.int().optional().meta({ description: 'The same as the header Retry-After.' }),
    reason: z
      .enum(PROVIDER_FAILURES)
      .optional()
      .meta({ description: 'How the provider failed. Only with `provider_unavailable`.' }),
    statement: providerUnavailableMembers.statement.optional(),
    attestationDocument: providerUnavailableMembers.attestationDocument.optional(),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' });

/** Makes the OpenAPI responses for problems. All operations share one response for each status. */
export class ProblemResponses {
  private readonly used = new Map<number, Set<ProblemCode>>();

  constructor(private readonly schemas: NamedSchemas) {}

  /** Returns by status a reference to the shared response, with a description that lists the operation's codes. */
  of(codes: readonly ProblemCode[]): Record<string, unknown> {
    const byStatus = Map.groupBy(new Set([...codes, ...EVERYWHERE]), (code) => PROBLEMS[code].status);
    return Object.fromEntries(
      [...byStatus].map(([status, ofStatus]) => {
        this.used.set(status, new Set([...(this.used.get(status) ?? []), ...ofStatus]));
        return [String(status), { $ref: `#/components/responses/${nameOf(status)}`, description: listOf(ofStatus) }];
      }),
    );
  }

  /** Returns the problems that share a status with a regular answer of the operation; undefined if there are none. */
  sameStatus(
    status: number,
    codes: readonly ProblemCode[],
  ): { readonly description: string; readonly content: Record<string, unknown> } | undefined {
    const ofStatus = [...new Set([...codes, ...EVERYWHERE])].filter((code) => PROBLEMS[code].status === status);
    return ofStatus.length === 0
      ? undefined
      : { description: listOf(ofStatus), content: this.content(status, ofStatus) };
  }

  /** Returns by name the shared responses to which operations refer. */
  all(): Record<string, unknown> {
    return Object.fromEntries(
      [...this.used]
        .sort(([a], [b]) => a - b)
        .map(([status, codes]) => [nameOf(status), this.response(status, [...codes])]),
    );
  }

  private response(status: number, codes: readonly ProblemCode[]): Record<string, unknown> {
    return {
      // The codes are listed in each operation
      description: `${STATUS_CODES[status] ?? String(status)}: \`code\` gives the reason.`,
      ...(MAY_BE_HAD_LATER.has(status) && { headers: headersOf({ limits: status === 429, retryAfter: true }) }),
      content: this.content(status, codes),
    };
  }

  private content(status: number, codes: readonly ProblemCode[]): Record<string, unknown> {
    const more = MAY_BE_HAD_LATER.has(status) ? { retryAfterSeconds: DEFAULT_RETRY_AFTER_SECONDS } : {};
    return {
      [PROBLEM_MEDIA_TYPE]: {
        schema: this.schemas.of(problemSchema, 'output'),
        examples: Object.fromEntries(
          codes.map((code) => [code, { summary: PROBLEMS[code].title, value: problemDocument(code, more) }]),
        ),
      },
    };
  }
}

/** For example `ServiceUnavailable` for 503. */
function nameOf(status: number): string {
  return (STATUS_CODES[status] ?? `Status ${String(status)}`).replace(/[^A-Za-z0-9]/g, '');
}

function listOf(codes: readonly ProblemCode[]): string {
  return codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join('\n\n');
}

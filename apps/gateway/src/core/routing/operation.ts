import type { ProblemCode } from '@communique-tee/protocol';
import type * as z from 'zod';

/** A JSON Schema written by hand, for what no zod schema reads or writes. */
export type PlainSchema = Readonly<Record<string, unknown>>;
export const BINARY = { type: 'string', format: 'binary' } as const satisfies PlainSchema;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: true;
  readonly description: string;
  readonly schema: PlainSchema;
}

export interface Answer {
  readonly description: string;
  /** By media type: a zod schema, or a plain one for bytes. */
  readonly content: Readonly<Record<string, z.ZodType | PlainSchema>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** What can be asked next with a value of this answer (OpenAPI 3.1, Link Object). */
  readonly links?: Readonly<Record<string, Link>>;
}

export interface Link {
  readonly operationId: string;
  /** By name: a runtime expression, such as `$response.body#/id`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly description: string;
}

/** What the OpenAPI document says of a route beyond its method, its path and what its other decorators add (security, problems). */
export interface OperationDescription {
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Answer['content'];
  /** By media type: a body that is accepted now; made anew each time that the document is asked for. */
  readonly bodyExamples?: Readonly<Record<string, () => Readonly<Record<string, unknown>>>>;
  /** By status. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** Codes that the handler itself throws. */
  readonly problems?: readonly ProblemCode[];
}

import type { ProblemCode } from '@communique-tee/protocol';
import type * as z from 'zod';

/** A JSON Schema written by hand, for bodies that no zod schema describes. */
export type PlainSchema = Readonly<Record<string, unknown>>;
export const BINARY = { type: 'string', format: 'binary' } as const satisfies PlainSchema;

/** A group of operations. Each controller names its group; several controllers may share one. */
export interface Tag {
  readonly name: string;
  readonly description: string;
}

/** Inputs for examples whose values depend on the time or are random. */
export interface ExampleSource {
  readonly nowSeconds: number;
  /** For the committed document (docs/openapi.json) it returns the same bytes in each run. */
  random(bytes: number): Uint8Array;
}

export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

export interface MediaType {
  /** A schema with an id (`.meta({ id })`) becomes a component of the document. */
  readonly schema: z.ZodType | PlainSchema;
  /** Examples by their name. Required, except for bytes, which JSON cannot show. */
  readonly examples?: Readonly<Record<string, Example | ((source: ExampleSource) => Example)>>;
}
export type Content = Readonly<Record<string, MediaType>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: true;
  readonly description: string;
  readonly schema: PlainSchema;
  readonly example: string | ((source: ExampleSource) => string);
}

export interface Answer {
  readonly description: string;
  /** By media type. */
  readonly content: Content;
  /** The meaning of each header, by its name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The operation to call next with a value of this answer (OpenAPI 3.1, Link Object). */
  readonly links?: Readonly<Record<string, Link>>;
}

export interface Link {
  readonly operationId: string;
  /** For each parameter, by its name, a runtime expression such as `$response.body#/id`. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly description: string;
}

/** What the OpenAPI document states about a route. Its security and some of its problems come from other decorators of the route. */
export interface OperationDescription {
  /** A verb and a noun, such as `submitMessage`: a generated client has a function of this name. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly Parameter[];
  /** By media type. */
  readonly body?: Content;
  /** By status. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** Codes that the handler itself throws. */
  readonly problems?: readonly ProblemCode[];
}

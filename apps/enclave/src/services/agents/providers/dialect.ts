import type { PricedModel, RequestShape } from '@communique-tee/agents';
import type { Provider, ProviderFailure, Usage } from '@communique-tee/protocol';

export interface Prompt {
  /** Fixed in the image. */
  readonly instructions: string;
  /** Contains the person's words. */
  readonly input: string;
}

export interface Question {
  readonly row: Pick<PricedModel, 'model' | 'shape' | 'thinkingAllowanceTokens'>;
  readonly prompt: Prompt;
  /** The limit for visible tokens. The dialect adds the row's allowance for thinking. */
  readonly maxOutputTokens: number;
}

export interface Credentials {
  readonly apiKey: string;
  /** The organization's id at OpenAI; without it no organization header is sent. */
  readonly organization?: string | undefined;
}

/** How the model's answer ended, as the provider reports it; `other` if the report is unknown. */
export type ModelEnd = 'complete' | 'cut' | 'refused' | 'other';

/** What was read from a 200 with an answer. */
export interface Answered {
  readonly end: ModelEnd;
  /** The text parts only, in order. */
  readonly text: string;
  /** Null if the counts are absent, malformed, or do not add up. */
  readonly usage: Usage | null;
  /** The model's name in the answer; null if it is absent or does not have the form of a name. */
  readonly servedModel: string | null;
  /** False if the answer reports another tier, speed, region, storage or cache than the request asked for, or a malformed model name. */
  readonly asRequested: boolean;
  /** How many parts of unknown kinds were skipped. */
  readonly skippedParts: number;
}

/** What was read from an error status, or from a 200 without an answer. */
export interface Failed {
  readonly end: ProviderFailure;
  /** How long the provider asks to wait; null if it names no wait. */
  readonly waitMs: number | null;
}

/**
 * How to send a request to one provider and read its answer. Results contain no text of the provider's body except an answer's `text` and
 * `servedModel`.
 */
export interface Dialect {
  readonly provider: Provider;
  /** Path of the request. */
  target(model: string): string;
  /** Names in lower case. */
  headers(credentials: Credentials): Record<string, string>;
  /** The request's JSON. */
  request(question: Question): object;
  /** Reads a 200; null if it contains no answer. */
  answered(body: Json, question: Question): Answered | null;
  /** Reads an answer with another status, or a 200 that contains no answer. `header` reads a header by its lower-case name. */
  failed(status: number, body: Json, header: (name: string) => string | undefined): Failed;
}

/**
 * Returns the request shape of the question's row in the price table. The configuration was checked, so the row belongs to this provider.
 */
export function shapeFor<P extends Provider>(provider: P, { row }: Question): Extract<RequestShape, { provider: P }> {
  if (row.shape.provider !== provider) throw new TypeError('a row of another provider');
  return row.shape as Extract<RequestShape, { provider: P }>;
}

/** A parsed JSON value of unknown shape. */
export type Json = unknown;

/** Returns the member at this path; undefined if a part of the path is missing or not an object. */
export function member(value: Json, ...path: readonly string[]): Json {
  let at: Json = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, Json>)[name];
  }
  return at;
}

export function items(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

export function textOf(value: Json): string {
  return typeof value === 'string' ? value : '';
}

/** Returns null for a value without the form of a model's name, because a usage statement must contain no other text of a provider. */
export function modelName(value: Json): string | null {
  return typeof value === 'string' && /^(?:models\/)?[a-z0-9][a-z0-9.-]{0,63}$/.test(value) ? value : null;
}

/** False if an answer has a malformed model name, because it is then unknown which model is billed. */
export function isNameOrAbsent(value: Json): boolean {
  return value === undefined || value === null || modelName(value) !== null;
}

/** Returns the failure for a status whose body explains nothing. */
export function failureOf(status: number): ProviderFailure {
  switch (status) {
    case 401:
    case 403:
      return 'key';
    case 402:
      return 'funds';
    case 404:
      return 'model';
    case 429:
      return 'rate';
    case 503:
    case 529:
      return 'overloaded';
    default:
      if (status >= 500 && status <= 599) return 'server_error';
      return status >= 400 && status <= 499 ? 'request' : 'malformed';
  }
}

/** Reads the wait from `retry-after-ms`, or from `retry-after` in seconds (RFC 9110 section 10.2.3; its date form is not read). */
export function retryAfterMs(header: (name: string) => string | undefined): number | null {
  const ms = numberIn(header('retry-after-ms'));
  if (ms !== null) return Math.ceil(ms);
  const seconds = numberIn(header('retry-after'));
  return seconds === null ? null : Math.ceil(seconds * 1000);
}

function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,7}(\.\d{1,6})?$/.test(text) ? Number(text) : null;
}

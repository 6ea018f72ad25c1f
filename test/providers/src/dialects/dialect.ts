import type { IncomingHttpHeaders } from 'node:http';
import type { Counts, SimulatedAnswer } from '../answers/answer';
import type { ModelOf, SimulatedProvider } from '../models';

/** The classes of errors. Each dialect answers a class with its provider's status, headers and body. */
export const ERROR_CLASSES = [
  'key',
  'model',
  'request',
  'too_large',
  'rate',
  'quota',
  'free_tier',
  'funds',
  'location',
  'server_error',
  'overloaded',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

export interface ErrorDetails {
  /** The provider's error message. Each class has a default. */
  readonly message?: string | undefined;
  /** The request's member that is wrong. */
  readonly param?: string | undefined;
  /** The provider's code, if the class has several codes. */
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  /** The wait that the provider asks for. Each dialect has its own defaults. */
  readonly retryAfterSeconds?: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Thrown if the provider would refuse the request. */
export class Refused extends Error {
  constructor(
    readonly errorClass: ErrorClass,
    readonly details: ErrorDetails = {},
  ) {
    super(details.message ?? errorClass);
  }
}

/** One request for text, in a form that all dialects share. */
export interface ModelRequest {
  /** The model's name in the request. */
  readonly model: string;
  readonly instructions: string;
  readonly prompt: string;
  readonly maxOutputTokens: number;
  /** The tokens that the model spends on thinking under the request's settings; 0 if thinking is off. */
  readonly thinkingTokens: number;
  /** The service tier that the answer reports, unless a test scripts another tier. */
  readonly tier: string;
  /** Anthropic only: the geography that the answer reports. */
  readonly geography?: string;
}

export type Route =
  | { readonly operation: 'generate'; readonly model: string | null }
  | { readonly operation: 'models' }
  | { readonly operation: 'model'; readonly model: string };

/** An account at the provider. */
export interface Account {
  readonly apiKey: string;
  /** OpenAI only: the organization that the key belongs to. */
  readonly organization: string;
}

/** What a dialect knows about a request beyond the body. */
export interface Asked<Model> {
  /** The model's name in the address; null if the body names the model. */
  readonly model: string | null;
  readonly headers: IncomingHttpHeaders;
  /** Returns the model with this name; null if the provider has none. */
  readonly available: (name: string) => Model | null;
}

export interface Dialect<P extends SimulatedProvider = SimulatedProvider> {
  /** Returns the operation that the method and path select; null if the provider has none there. */
  route(method: string, path: string): Route | null;
  /** @throws Refused */
  authenticate(headers: IncomingHttpHeaders, query: URLSearchParams, account: Account): void;
  /** Reads and checks a request for text. @throws Refused */
  request(body: unknown, asked: Asked<ModelOf[P]>): ModelRequest;
  answer(request: ModelRequest, model: ModelOf[P], answer: SimulatedAnswer): Omit<HttpAnswer, 'status'>;
  /** Returns one page of the model list. @throws Refused */
  models(models: readonly ModelOf[P][], query: URLSearchParams): unknown;
  model(model: ModelOf[P]): unknown;
  error(errorClass: ErrorClass, details: ErrorDetails): HttpAnswer;
  /** Returns the body of an answer that has status 200 and reports a failure. */
  failedIn200(request: ModelRequest): unknown;
}

/** Returns the count to report in place of `good`. */
export function wrongCount(wrong: SimulatedAnswer['wrongUsage'], good: number): unknown {
  switch (wrong) {
    case 'negative':
      return -5;
    case 'fraction':
      return 30.9;
    case 'text':
      return '120';
    case 'null_count':
      return null;
    default:
      return good;
  }
}

export const inputOf = ({ input, cached, cacheWrittenShort, cacheWrittenLong }: Counts): number =>
  input + cached + cacheWrittenShort + cacheWrittenLong;

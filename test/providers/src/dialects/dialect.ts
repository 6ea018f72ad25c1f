import type { IncomingHttpHeaders } from 'node:http';
import type { Counts, SimulatedAnswer } from '../answers/answer';
import type { ModelOf, SimulatedProvider } from '../models';

/** Classes of errors, each written as the provider writes it: status, headers and body. */
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
  /** The provider's sentence; a default one for each class. */
  readonly message?: string | undefined;
  /** The member of the request that is wrong, or the model's name. */
  readonly param?: string | undefined;
  /** The provider's own code if one class has several. */
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  /** How long the provider says to wait; default 20 s for `rate`, else unstated. */
  readonly retryAfterSeconds?: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Thrown if a request is refused like the provider would. */
export class Refused extends Error {
  constructor(
    readonly errorClass: ErrorClass,
    readonly details: ErrorDetails = {},
  ) {
    super(details.message ?? errorClass);
  }
}

/** One request for text, in words that all dialects share. */
export interface ModelRequest {
  /** The name that was asked for. */
  readonly model: string;
  readonly instructions: string;
  readonly prompt: string;
  readonly maxOutputTokens: number;
  /** What the model spends on thinking under the request's settings; 0 if it is off. */
  readonly thinkingTokens: number;
  /** The service tier that the answer reports unless a test scripts another. */
  readonly tier: string;
  /** Only Anthropic: where the answer says that it was computed. */
  readonly geography?: string;
}

export type Route =
  | { readonly operation: 'generate'; readonly model: string | null }
  | { readonly operation: 'models' }
  | { readonly operation: 'model'; readonly model: string };

/** What an account at the provider is. */
export interface Account {
  readonly apiKey: string;
  /** Only OpenAI: the organization that the key belongs to. */
  readonly organization: string;
}

/** What a dialect knows of a request beside its body. */
export interface Asked<Model> {
  /** The model's name in the address; null if the body names it. */
  readonly model: string | null;
  readonly headers: IncomingHttpHeaders;
  /** The model under this name; null if the provider has none. */
  readonly available: (name: string) => Model | null;
}

export interface Dialect<P extends SimulatedProvider = SimulatedProvider> {
  /** Which operation an address is; null if the provider has no such address. */
  route(method: string, path: string): Route | null;
  /** @throws Refused */
  authenticate(headers: IncomingHttpHeaders, query: URLSearchParams, account: Account): void;
  /** Reads and checks a request for text. @throws Refused */
  request(body: unknown, asked: Asked<ModelOf[P]>): ModelRequest;
  answer(request: ModelRequest, model: ModelOf[P], answer: SimulatedAnswer): Omit<HttpAnswer, 'status'>;
  /** One page of the model list. @throws Refused */
  models(models: readonly ModelOf[P][], query: URLSearchParams): unknown;
  model(model: ModelOf[P]): unknown;
  error(errorClass: ErrorClass, details: ErrorDetails): HttpAnswer;
  /** A 200 whose body reports a failure. */
  failedIn200(request: ModelRequest): unknown;
}

/** The wrong count that replaces a good one. */
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

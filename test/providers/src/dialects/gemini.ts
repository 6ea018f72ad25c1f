import { randomBytes } from 'node:crypto';
import type { SimulatedAnswer } from '../answers/answer';
import type { GeminiModel } from '../models';
import { Refused, wrongCount, type Dialect, type ErrorClass, type ErrorDetails } from './dialect';
import { geminiRequest } from './gemini-request';

/**
 * Google's Gemini API: `POST /v1beta/models/M:generateContent` (also `/v1`), not streamed, and the model list. Requests and answers follow
 * the types of the official SDK `@google/genai`. Errors are `google.rpc.Status` in JSON.
 */
export const geminiDialect: Dialect<'gemini'> = {
  route: (method, path) => {
    const [, generate] = /^\/v1(?:beta)?\/models\/([\w.-]+):generateContent$/.exec(path) ?? [];
    if (method === 'POST' && generate !== undefined) return { operation: 'generate', model: generate };
    if (method === 'GET' && (path === '/v1beta/models' || path === '/v1/models')) return { operation: 'models' };
    const [, model] = /^\/v1(?:beta)?\/models\/([\w.-]+)$/.exec(path) ?? [];
    return method === 'GET' && model !== undefined ? { operation: 'model', model } : null;
  },

  authenticate: (headers, query, account) => {
    const key = headers['x-goog-api-key'] ?? query.get('key') ?? '';
    if (key === '')
      throw new Refused('key', {
        status: 403,
        message:
          "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity.",
        code: 'PERMISSION_DENIED',
      });
    if (key !== account.apiKey) throw new Refused('key');
  },

  request: geminiRequest,

  answer: (request, model, answer) => {
    const refused = answer.end === 'refused';
    return {
      headers: { 'x-gemini-service-tier': answer.tier ?? request.tier },
      body: {
        candidates: [
          {
            ...(refused ? {} : { content: { role: 'model', ...partsOf(answer) } }),
            finishReason: FINISH_REASONS[answer.end],
            index: 0,
          },
        ],
        ...usageOf(answer, answer.tier ?? request.tier),
        modelVersion: answer.model ?? model.servedAs,
        responseId: randomBytes(16).toString('base64url'),
        ...answer.members,
      },
    };
  },

  models: (models, query) => {
    const size = Number(query.get('pageSize') ?? 50);
    const token = query.get('pageToken') ?? '';
    const from = token === '' ? 0 : Number(token);
    if (!Number.isInteger(size) || size < 0 || !Number.isInteger(from) || from < 0 || from > models.length)
      throw new Refused('request', { message: 'Request contains an invalid argument.' });
    const to = from + (size === 0 ? 50 : Math.min(size, 1000));
    return {
      models: models.slice(from, to).map(modelOf),
      ...(to < models.length ? { nextPageToken: String(to) } : {}),
    };
  },
  model: modelOf,

  error: (errorClass, details) => {
    const [status, name, message] = ERRORS[errorClass];
    const code = details.status ?? status;
    const rpcDetails = detailsOf(errorClass, details);
    return {
      status: code,
      headers: {},
      body: {
        error: {
          code,
          message: details.message ?? message,
          status: details.code ?? name,
          ...(rpcDetails.length === 0 ? {} : { details: rpcDetails }),
        },
      },
    };
  },

  failedIn200: () => ({ error: { code: 429, message: 'Resource has been exhausted.', status: 'RESOURCE_EXHAUSTED' } }),
};

const FINISH_REASONS = { complete: 'STOP', cut: 'MAX_TOKENS', empty: 'MAX_TOKENS', refused: 'SAFETY' } as const;

const ERRORS = {
  key: [400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'],
  model: [404, 'NOT_FOUND', 'The model is not found for API version v1beta. Call ListModels to see available models.'],
  request: [400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.'],
  too_large: [413, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit.'],
  rate: [429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota. Please retry in 20s.'],
  quota: [429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.'],
  free_tier: [
    429,
    'RESOURCE_EXHAUSTED',
    'You exceeded your current quota. Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 0',
  ],
  funds: [429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted. Please manage your project and billing.'],
  location: [400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'],
  server_error: [500, 'INTERNAL', 'An internal error has occurred. Please retry.'],
  overloaded: [503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'],
} as const;

const RPC = 'type.googleapis.com/google.rpc';

/** Returns the `google.rpc` details of an error: what is wrong with the key or a field, which quota was reached, and how long to wait. */
function detailsOf(errorClass: ErrorClass, { param, retryAfterSeconds, code }: ErrorDetails): unknown[] {
  const retry = (seconds: number) => ({ '@type': `${RPC}.RetryInfo`, retryDelay: `${seconds}s` });
  const quota = (metric: string, id: string, value: string) => ({
    '@type': `${RPC}.QuotaFailure`,
    violations: [
      {
        quotaMetric: `generativelanguage.googleapis.com/${metric}`,
        quotaId: id,
        quotaDimensions: { location: 'global', model: 'simulated' },
        quotaValue: value,
      },
    ],
  });
  switch (errorClass) {
    case 'key':
      if (code !== undefined) return [];
      return [
        {
          '@type': `${RPC}.ErrorInfo`,
          reason: 'API_KEY_INVALID',
          domain: 'googleapis.com',
          metadata: { service: 'generativelanguage.googleapis.com' },
        },
      ];
    case 'request':
      return param === undefined
        ? []
        : [{ '@type': `${RPC}.BadRequest`, fieldViolations: [{ field: param, description: 'Invalid field.' }] }];
    case 'rate':
      return [
        quota('generate_content_paid_tier_requests', 'GenerateRequestsPerMinutePerProjectPerModel-PaidTier', '60'),
        retry(retryAfterSeconds ?? 20),
      ];
    case 'quota':
      return [
        quota('generate_content_paid_tier_requests', 'GenerateRequestsPerDayPerProjectPerModel-PaidTier', '1000'),
        retry(retryAfterSeconds ?? 40_000),
      ];
    case 'free_tier':
      return [
        quota('generate_content_free_tier_requests', 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', '0'),
        retry(retryAfterSeconds ?? 36),
      ];
    default:
      return [];
  }
}

function partsOf(answer: SimulatedAnswer): { parts?: unknown[] } {
  if (answer.end === 'empty') return {};
  return {
    parts: [...(answer.thoughts === null ? [] : [{ text: answer.thoughts, thought: true }]), { text: answer.text }],
  };
}

/** The prompt count includes cached tokens, but neither tool tokens nor thoughts. */
function usageOf({ counts, wrongUsage: wrong }: SimulatedAnswer, tier: string): { usageMetadata?: unknown } {
  if (wrong === 'absent') return {};
  if (wrong === 'null') return { usageMetadata: null };
  const prompt = counts.input + counts.cached + counts.cacheWrittenShort + counts.cacheWrittenLong;
  const cached = wrong === 'part_above_whole' ? prompt + 50 : counts.cached;
  return {
    usageMetadata: {
      promptTokenCount: prompt,
      ...(cached > 0 ? { cachedContentTokenCount: cached } : {}),
      ...(counts.tools > 0 ? { toolUsePromptTokenCount: counts.tools } : {}),
      candidatesTokenCount: wrongCount(wrong, counts.output),
      ...(counts.thinking > 0 ? { thoughtsTokenCount: counts.thinking } : {}),
      totalTokenCount: prompt + counts.tools + counts.output + counts.thinking + (wrong === 'total' ? 50 : 0),
      serviceTier: tier,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
    },
  };
}

function modelOf({ id }: GeminiModel): Record<string, unknown> {
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    description: 'A simulated model.',
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens'],
    temperature: 1,
    topP: 0.95,
    topK: 64,
    thinking: true,
  };
}

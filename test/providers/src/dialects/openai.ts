import { randomBytes } from 'node:crypto';
import type { SimulatedAnswer } from '../answers/answer';
import type { OpenAiModel } from '../models';
import { inputOf, Refused, wrongCount, type Dialect, type HttpAnswer, type ModelRequest } from './dialect';
import { openAiRequest } from './openai-request';

/**
 * OpenAI's Responses API (`POST /v1/responses`, not streamed) and its model list. Requests and answers follow the types of the official SDK `openai`.
 */
export const openAiDialect: Dialect<'openai'> = {
  route: (method, path) => {
    if (method === 'POST' && path === '/v1/responses') return { operation: 'generate', model: null };
    if (method === 'GET' && path === '/v1/models') return { operation: 'models' };
    const [, model] = /^\/v1\/models\/([\w.:-]+)$/.exec(path) ?? [];
    return method === 'GET' && model !== undefined ? { operation: 'model', model } : null;
  },

  authenticate: (headers, _query, account) => {
    const [, key] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
    if (key === undefined)
      throw new Refused('key', {
        message: "You didn't provide an API key in an Authorization header using Bearer auth.",
        code: 'missing_api_key',
      });
    if (key !== account.apiKey)
      throw new Refused('key', { message: `Incorrect API key provided: ${key.slice(0, 4)}****.` });
    const organization = headers['openai-organization'];
    if (organization !== undefined && organization !== account.organization)
      throw new Refused('key', {
        message: 'OpenAI-Organization header should match organization for API key',
        code: 'mismatched_organization',
      });
  },

  request: openAiRequest,

  answer: (request, model, answer) => ({
    headers: { 'x-request-id': idOf('req'), 'openai-processing-ms': '120' },
    body: { ...responseOf(request, model, answer), ...answer.members },
  }),

  models: (models) => ({ object: 'list', data: models.map(modelOf) }),
  model: modelOf,

  error: (errorClass, details) => {
    const [status, type, code, message] = ERRORS[errorClass];
    const { retryAfterSeconds = errorClass === 'rate' ? 20 : undefined } = details;
    return {
      status: details.status ?? status,
      headers: {
        'x-request-id': idOf('req'),
        ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
        ...(errorClass === 'rate' ? { 'x-ratelimit-remaining-requests': '0' } : {}),
      },
      body: {
        error: {
          message: details.message ?? message,
          type,
          param: details.param ?? (errorClass === 'model' ? 'model' : null),
          code: details.code ?? code,
        },
      },
    } satisfies HttpAnswer;
  },

  failedIn200: (request) => ({
    ...frame(request, request.model, 'failed'),
    error: { code: 'server_error', message: 'The model failed to generate a response.' },
    output: [{ type: 'reasoning', id: idOf('rs'), summary: [] }],
    usage: null,
  }),
};

const ERRORS = {
  key: [401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.'],
  model: [404, 'invalid_request_error', 'model_not_found', 'The requested model does not exist.'],
  request: [400, 'invalid_request_error', null, 'The request is invalid.'],
  too_large: [413, 'invalid_request_error', null, 'The request is too large.'],
  rate: [429, 'requests', 'rate_limit_exceeded', 'Rate limit reached for requests. Please try again in 20s.'],
  quota: [
    429,
    'insufficient_quota',
    'insufficient_quota',
    'You exceeded your current quota, please check your plan and billing details.',
  ],
  free_tier: [429, 'insufficient_quota', 'insufficient_quota', 'This key has no paid plan.'],
  funds: [
    429,
    'insufficient_quota',
    'billing_not_active',
    'Your account is not active, please check your billing details on our website.',
  ],
  location: [
    403,
    'request_forbidden',
    'unsupported_country_region_territory',
    'Country, region, or territory not supported',
  ],
  server_error: [
    500,
    'server_error',
    'server_error',
    'The server had an error while processing your request. Sorry about that!',
  ],
  overloaded: [503, 'server_error', 'server_is_overloaded', 'Our servers are currently overloaded.'],
} as const;

const idOf = (prefix: string): string => `${prefix}_${randomBytes(24).toString('hex')}`;

function modelOf({ id }: OpenAiModel): Record<string, unknown> {
  return { id, object: 'model', created: 1_764_460_800, owned_by: 'system', shutdown_date: null };
}

function frame(request: ModelRequest, servedAs: string, status: string): Record<string, unknown> {
  return {
    id: idOf('resp'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions === '' ? null : request.instructions,
    max_output_tokens: request.maxOutputTokens,
    model: servedAs,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    service_tier: request.tier,
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: null,
    metadata: {},
  };
}

function responseOf(request: ModelRequest, model: OpenAiModel, answer: SimulatedAnswer): Record<string, unknown> {
  const short = answer.end === 'cut' || answer.end === 'empty';
  const { usage } = usageOf(answer);
  const message = {
    id: idOf('msg'),
    type: 'message',
    role: 'assistant',
    status: short ? 'incomplete' : 'completed',
    content:
      answer.end === 'refused'
        ? [{ type: 'refusal', refusal: "I'm sorry, but I can't help with that." }]
        : [{ type: 'output_text', text: answer.text, annotations: [], logprobs: [] }],
  };
  const thinks = answer.thoughts !== null || answer.counts.thinking > 0;
  const { usage: _absent, ...withoutUsage } = frame(
    request,
    answer.model ?? model.servedAs,
    short ? 'incomplete' : 'completed',
  );
  return {
    ...withoutUsage,
    incomplete_details: short ? { reason: 'max_output_tokens' } : null,
    output: [
      ...(thinks
        ? [
            {
              type: 'reasoning',
              id: idOf('rs'),
              summary: answer.thoughts === null ? [] : [{ type: 'summary_text', text: answer.thoughts }],
            },
          ]
        : []),
      ...(answer.end === 'empty' ? [] : [message]),
    ],
    service_tier: answer.tier ?? request.tier,
    ...(usage === undefined ? {} : { usage }),
  };
}

/** As at OpenAI, input tokens include those read from or written to the cache, and output tokens include reasoning. */
function usageOf({ counts, wrongUsage: wrong }: SimulatedAnswer): { usage: unknown } {
  if (wrong === 'absent') return { usage: undefined };
  if (wrong === 'null') return { usage: null };
  const input = inputOf(counts) + counts.tools;
  const output = counts.output + counts.thinking;
  return {
    usage: {
      input_tokens: input,
      input_tokens_details: {
        cached_tokens: wrong === 'part_above_whole' ? input + 50 : counts.cached,
        cache_write_tokens: counts.cacheWrittenShort + counts.cacheWrittenLong,
      },
      output_tokens: wrongCount(wrong, output),
      output_tokens_details: { reasoning_tokens: counts.thinking },
      total_tokens: input + output + (wrong === 'total' ? 50 : 0),
    },
  };
}

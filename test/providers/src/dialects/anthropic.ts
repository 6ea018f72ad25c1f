import { randomBytes } from 'node:crypto';
import type { SimulatedAnswer } from '../answers/answer';
import type { AnthropicModel } from '../models';
import { anthropicRequest } from './anthropic-request';
import { Refused, wrongCount, type Dialect } from './dialect';

/**
 * Anthropic's Messages API (`POST /v1/messages`, not streamed) and its model list. Requests and answers follow the types of the official
 * SDK `@anthropic-ai/sdk`.
 */
export const anthropicDialect: Dialect<'anthropic'> = {
  route: (method, path) => {
    if (method === 'POST' && path === '/v1/messages') return { operation: 'generate', model: null };
    if (method === 'GET' && path === '/v1/models') return { operation: 'models' };
    const [, model] = /^\/v1\/models\/([\w.-]+)$/.exec(path) ?? [];
    return method === 'GET' && model !== undefined ? { operation: 'model', model } : null;
  },

  authenticate: (headers, _query, account) => {
    // If a request has both headers, x-api-key counts
    const key = headers['x-api-key'] ?? /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    if (key === undefined || key === '') throw new Refused('key', { message: 'x-api-key header is required' });
    if (key !== account.apiKey) throw new Refused('key', { message: 'invalid x-api-key' });
    const version = headers['anthropic-version'];
    if (version === undefined) throw new Refused('request', { message: 'anthropic-version: header is required' });
    if (!VERSIONS.includes(String(version)))
      throw new Refused('request', { message: 'anthropic-version: "anthropic-version" is not a valid version' });
  },

  request: anthropicRequest,

  answer: (request, model, answer) => ({
    headers: { 'request-id': `req_${randomBytes(12).toString('hex')}` },
    body: {
      id: `msg_${randomBytes(12).toString('hex')}`,
      type: 'message',
      role: 'assistant',
      model: answer.model ?? model.servedAs,
      content: blocksOf(answer),
      container: null,
      stop_reason: STOP_REASONS[answer.end],
      stop_sequence: null,
      stop_details: answer.end === 'refused' ? { type: 'refusal', category: 'general_harms', explanation: null } : null,
      ...usageOf(answer, answer.tier ?? request.tier, request.geography ?? 'global'),
      ...answer.members,
    },
  }),

  models: (models, query) => {
    const limit = Number(query.get('limit') ?? 20);
    if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
      throw new Refused('request', { message: 'limit: Input should be between 1 and 1000' });
    const after = query.get('after_id');
    const from = after === null ? 0 : models.findIndex(({ id }) => id === after) + 1;
    if (after !== null && from === 0) throw new Refused('request', { message: 'after_id: Invalid cursor' });
    const page = models.slice(from, from + limit);
    return {
      data: page.map(modelOf),
      has_more: from + limit < models.length,
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
    };
  },
  model: modelOf,

  error: (errorClass, details) => {
    const [status, type, message] = ERRORS[errorClass];
    const requestId = `req_${randomBytes(12).toString('hex')}`;
    const { retryAfterSeconds = errorClass === 'rate' ? 20 : undefined } = details;
    return {
      status: details.status ?? status,
      headers: {
        'request-id': requestId,
        ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
        ...(errorClass === 'rate' ? { 'anthropic-ratelimit-requests-remaining': '0' } : {}),
      },
      body: {
        type: 'error',
        error: { type: details.code ?? type, message: details.message ?? message },
        request_id: requestId,
      },
    };
  },

  failedIn200: () => ({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
};

/** From https://platform.claude.com/docs/en/api/versioning (read 2026-11-30). */
const VERSIONS = ['2023-06-01', '2026-10-21'];

const STOP_REASONS = { complete: 'end_turn', cut: 'max_tokens', empty: 'max_tokens', refused: 'refusal' } as const;

const ERRORS = {
  key: [401, 'authentication_error', 'invalid x-api-key'],
  model: [404, 'not_found_error', 'model: not found'],
  request: [400, 'invalid_request_error', 'Invalid request data'],
  too_large: [413, 'request_too_large', 'Request exceeds the maximum allowed number of bytes.'],
  rate: [429, 'rate_limit_error', "This request would exceed your organization's rate limit. Please try again later."],
  quota: [
    400,
    'invalid_request_error',
    'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
  ],
  free_tier: [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.',
  ],
  funds: [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  ],
  location: [403, 'forbidden', 'Request not allowed'],
  server_error: [500, 'api_error', 'Internal server error'],
  overloaded: [529, 'overloaded_error', 'Overloaded'],
} as const;

function blocksOf(answer: SimulatedAnswer): unknown[] {
  if (answer.end === 'refused') return [];
  return [
    ...(answer.thoughts === null
      ? []
      : [{ type: 'thinking', thinking: answer.thoughts, signature: randomBytes(48).toString('base64') }]),
    ...(answer.end === 'empty' ? [] : [{ type: 'text', text: answer.text, citations: null }]),
  ];
}

/** Input excludes tokens that were read from the cache or written to it; output includes thinking. The API reports no total. */
function usageOf({ counts, wrongUsage: wrong }: SimulatedAnswer, tier: string, geography: string): { usage?: unknown } {
  if (wrong === 'absent') return {};
  if (wrong === 'null') return { usage: null };
  const written = counts.cacheWrittenShort + counts.cacheWrittenLong;
  const output = counts.output + counts.thinking;
  return {
    usage: {
      input_tokens: counts.input + counts.tools,
      cache_creation_input_tokens: written + (wrong === 'total' ? 50 : 0),
      cache_read_input_tokens: counts.cached,
      cache_creation: {
        ephemeral_5m_input_tokens: counts.cacheWrittenShort,
        ephemeral_1h_input_tokens: counts.cacheWrittenLong,
      },
      output_tokens: wrongCount(wrong, output),
      output_tokens_details: {
        thinking_tokens: wrong === 'part_above_whole' ? output + 50 : counts.thinking,
      },
      server_tool_use: null,
      service_tier: tier,
      inference_geo: geography,
      speed: 'standard',
    },
  };
}

function modelOf({ id }: AnthropicModel): Record<string, unknown> {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: '2026-01-01T00:00:00Z',
    capabilities: null,
    deprecated_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    retires_at: null,
  };
}

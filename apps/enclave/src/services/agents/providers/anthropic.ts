import { count, details, requireSum, usageBy, without } from './counts';
import {
  failureOf,
  isNameOrAbsent,
  items,
  member,
  modelName,
  retryAfterMs,
  shapeFor,
  textOf,
  type Answered,
  type Dialect,
  type Failed,
  type Json,
  type ModelEnd,
} from './dialect';

const TYPES: Readonly<Record<string, Failed['end']>> = {
  authentication_error: 'key',
  permission_error: 'key',
  billing_error: 'funds',
  not_found_error: 'model',
  rate_limit_error: 'rate',
  overloaded_error: 'overloaded',
  api_error: 'server_error',
  timeout_error: 'server_error',
  // The provider's answer to requests from an unsupported region
  forbidden: 'location',
};
/** The provider reports an empty balance, or a reached limit, as a bad request with one of these sentences. */
const NO_FUNDS = /credit balance is too low/i;
const LIMIT_REACHED = /usage limit/i;

const KNOWN_BLOCKS: readonly string[] = ['text', 'thinking', 'redacted_thinking'];
const ENDS: Readonly<Record<string, ModelEnd>> = {
  end_turn: 'complete',
  stop_sequence: 'complete',
  max_tokens: 'cut',
  model_context_window_exceeded: 'cut',
  refusal: 'refused',
};

/** The Messages API (`POST /v1/messages`, not streamed), as the official SDK's types describe it. */
export const anthropic: Dialect = {
  provider: 'anthropic',
  target: () => '/v1/messages',
  headers: ({ apiKey }) => ({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' }),
  request(question) {
    const { row, prompt, maxOutputTokens } = question;
    const { thinking, geography } = shapeFor('anthropic', question);
    // No cache_control, so the provider writes no cache
    return {
      model: row.model,
      system: prompt.instructions,
      messages: [{ role: 'user', content: prompt.input }],
      max_tokens: maxOutputTokens + row.thinkingAllowanceTokens,
      service_tier: 'standard_only',
      ...(thinking === 'disabled' && { thinking: { type: 'disabled' } }),
      ...(geography === 'global' && { inference_geo: 'global' }),
    };
  },
  answered(body) {
    if (member(body, 'type') !== 'message' || !Array.isArray(member(body, 'content'))) return null;
    const blocks = items(member(body, 'content'));
    const text = blocks
      .filter((block) => member(block, 'type') === 'text')
      .map((block) => textOf(member(block, 'text')))
      .join('');
    const reason = textOf(member(body, 'stop_reason'));
    return {
      end: (Object.hasOwn(ENDS, reason) ? ENDS[reason] : undefined) ?? 'other',
      text,
      usage: usageOf(member(body, 'usage'), text),
      servedModel: modelName(member(body, 'model')),
      asRequested: reportsRequest(member(body, 'usage')) && isNameOrAbsent(member(body, 'model')),
      skippedParts: blocks.filter((block) => !KNOWN_BLOCKS.includes(textOf(member(block, 'type')))).length,
    };
  },
  failed(status, body, header) {
    const waitMs = retryAfterMs(header);
    if (status === 200) return { end: 'malformed', waitMs: null };
    const type = textOf(member(body, 'error', 'type'));
    const known = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
    if (known !== undefined) return { end: known, waitMs };
    const message = textOf(member(body, 'error', 'message'));
    if (NO_FUNDS.test(message)) return { end: 'funds', waitMs };
    if (LIMIT_REACHED.test(message)) return { end: 'quota', waitMs };
    return { end: failureOf(status), waitMs };
  },
};

/** The provider's input excludes tokens read from the cache and written to it; its output includes thinking. Null counts as 0. */
function usageOf(usage: Json, text: string): Answered['usage'] {
  const optional = (...path: readonly string[]) => count(member(usage, ...path) ?? 0);
  return usageBy(text, () => {
    const output = count(member(usage, 'output_tokens'));
    const thinking = optional('output_tokens_details', 'thinking_tokens');
    const written = optional('cache_creation_input_tokens');
    const lifetimes = details(usage, 'cache_creation');
    details(usage, 'output_tokens_details');
    const short = optional('cache_creation', 'ephemeral_5m_input_tokens');
    const long = optional('cache_creation', 'ephemeral_1h_input_tokens');
    if (lifetimes !== undefined) requireSum(written, short + long);
    return {
      input: count(member(usage, 'input_tokens')),
      cached: optional('cache_read_input_tokens'),
      cacheWrittenShort: short,
      // If the provider reports no lifetimes, all tokens count as the more expensive kind
      cacheWrittenLong: lifetimes === undefined ? written : long,
      output: without(output, thinking),
      thinking,
    };
  });
}

function reportsRequest(usage: Json): boolean {
  const tier = member(usage, 'service_tier') ?? 'standard';
  const speed = member(usage, 'speed') ?? 'standard';
  // An answer of an older model names no geography
  const geography = member(usage, 'inference_geo') ?? 'global';
  return tier === 'standard' && speed === 'standard' && (geography === 'global' || geography === 'not_available');
}

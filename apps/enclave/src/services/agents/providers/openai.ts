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
  type Question,
} from './dialect';

const CODES: Readonly<Record<string, Failed['end']>> = {
  insufficient_quota: 'quota',
  billing_hard_limit_reached: 'funds',
  billing_not_active: 'funds',
  invalid_api_key: 'key',
  unsupported_country_region_territory: 'location',
  model_not_found: 'model',
};

/** The members of a request for each `cache` setting of a model's row (libs/agents request-shape.ts). */
const CACHES = {
  in_memory: { prompt_cache_retention: 'in_memory' },
  off: { prompt_cache_options: { mode: 'explicit' } },
  unset: {},
} as const;

/** Types of content parts in an answer. */
const TEXT = 'output_text';
const REFUSAL = 'refusal';

/** The Responses API (`POST /v1/responses`, not streamed), as the official SDK's types describe it. */
export const openai: Dialect = {
  provider: 'openai',
  target: () => '/v1/responses',
  headers: ({ apiKey, organization }) => ({
    authorization: `Bearer ${apiKey}`,
    ...(organization !== undefined && { 'openai-organization': organization }),
  }),
  request(question) {
    const { row, prompt, maxOutputTokens } = question;
    const { effort, cache } = shapeFor('openai', question);
    return {
      model: row.model,
      instructions: prompt.instructions,
      input: prompt.input,
      // This member limits visible and reasoning tokens together
      max_output_tokens: maxOutputTokens + row.thinkingAllowanceTokens,
      reasoning: { effort },
      store: false,
      service_tier: 'default',
      ...CACHES[cache],
    };
  },
  answered(body, question) {
    const status = member(body, 'status');
    if (status !== 'completed' && status !== 'incomplete') return null;
    const isMessage = (item: Json) => member(item, 'type') === 'message' && !isCommentary(item);
    const parts = items(member(body, 'output')).flatMap((item) =>
      isMessage(item) ? items(member(item, 'content')) : [],
    );
    const isOf = (type: string) => (part: Json) => member(part, 'type') === type;
    const text = parts
      .filter(isOf(TEXT))
      .map((part) => textOf(member(part, 'text')))
      .join('');
    const others = items(member(body, 'output')).filter(
      (item) => !isMessage(item) && member(item, 'type') !== 'reasoning',
    );
    return {
      end: parts.some(isOf(REFUSAL)) ? 'refused' : endOf(status, member(body, 'incomplete_details', 'reason')),
      text,
      usage: usageOf(member(body, 'usage'), text),
      servedModel: modelName(member(body, 'model')),
      asRequested: reportsRequest(body, question) && isNameOrAbsent(member(body, 'model')),
      skippedParts: others.length + parts.filter((part) => !isOf(TEXT)(part) && !isOf(REFUSAL)(part)).length,
    };
  },
  failed(status, body, header) {
    const waitMs = retryAfterMs(header);
    // With status 200 the provider began the work, so the attempt costs the full reservation (ask-provider.ts)
    if (status === 200)
      return { end: member(body, 'status') === 'failed' ? 'server_error' : 'malformed', waitMs: null };
    const code = textOf(member(body, 'error', 'code'));
    const known = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
    if (known !== undefined) return { end: known, waitMs };
    // A 404 without a known code means a wrong path, because a missing model has its own code
    return { end: status === 404 ? 'request' : failureOf(status), waitMs };
  },
};

/** Whether the item is a message in which a newer model describes its work before the answer. */
function isCommentary(item: Json): boolean {
  return ![undefined, null, 'final_answer'].includes(member(item, 'phase') as string | null | undefined);
}

function endOf(status: Json, reason: Json): ModelEnd {
  if (status === 'completed') return 'complete';
  if (reason === 'max_output_tokens') return 'cut';
  return reason === 'content_filter' ? 'refused' : 'other';
}

/** The provider's input count includes cache reads and writes, and its output count includes reasoning. */
function usageOf(usage: Json, text: string): Answered['usage'] {
  return usageBy(text, () => {
    const input = count(member(usage, 'input_tokens'));
    const output = count(member(usage, 'output_tokens'));
    requireSum(member(usage, 'total_tokens'), input + output);
    const parts = details(usage, 'input_tokens_details');
    const cached = count(member(parts, 'cached_tokens'), 0);
    const written = count(member(parts, 'cache_write_tokens'), 0);
    const lifetimes = details(parts, 'cache_write_tokens_details');
    const long = count(member(lifetimes, 'ttl_12h_tokens'), 0);
    if (lifetimes !== undefined) requireSum(written, long + count(member(lifetimes, 'ttl_30m_tokens'), 0));
    const thinking = count(member(details(usage, 'output_tokens_details'), 'reasoning_tokens'), 0);
    return {
      input: without(input, cached, written),
      cached,
      cacheWrittenShort: written - long,
      cacheWrittenLong: long,
      output: without(output, thinking),
      thinking,
    };
  });
}

/**
 * Whether the answer reports the tier, storage and cache that the request asked for. The reported retention counts only if the request
 * asked for a cache, because otherwise the answer may name the longest retention allowed.
 */
function reportsRequest(body: Json, question: Question): boolean {
  const { cache } = shapeFor('openai', question);
  const retention = member(body, 'prompt_cache_retention') ?? 'in_memory';
  const mode = member(body, 'prompt_cache_options', 'mode') ?? 'explicit';
  return (
    (member(body, 'service_tier') ?? 'default') === 'default' &&
    (member(body, 'store') ?? false) === false &&
    (cache !== 'in_memory' || retention === 'in_memory') &&
    (cache !== 'off' || mode === 'explicit')
  );
}

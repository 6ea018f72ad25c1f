import type { AnthropicModel } from '../models';
import { Refused, type Asked, type ModelRequest } from './dialect';
import { hasLoneSurrogate, isObject, unknownKey, wholeNumber, type JsonObject } from './json';

const KNOWN = [
  'cache_control',
  'inference_geo',
  'max_tokens',
  'messages',
  'metadata',
  'model',
  'output_config',
  'service_tier',
  'speed',
  'stop_sequences',
  'stream',
  'system',
  'temperature',
  'thinking',
  'tool_choice',
  'tools',
  'top_k',
  'top_p',
];

const invalid = (message: string): Refused => new Refused('request', { message });

/** @throws Refused */
export function anthropicRequest(body: unknown, { available, headers }: Asked<AnthropicModel>): ModelRequest {
  if (!isObject(body)) throw invalid('The request body is not valid JSON');
  if (hasLoneSurrogate(body)) throw invalid('The request body is not valid JSON: no low surrogate in string');
  const unknown = unknownKey(body, KNOWN);
  if (unknown !== null) throw invalid(`${unknown}: Extra inputs are not permitted`);
  for (const required of ['model', 'max_tokens', 'messages'])
    if (body[required] === undefined) throw invalid(`${required}: Field required`);
  const name = body['model'];
  if (typeof name !== 'string') throw invalid('model: Input should be a valid string');
  const model = available(name);
  if (!model) throw new Refused('model', { message: `model: ${name}` });
  for (const parameter of ['temperature', 'top_p', 'top_k'])
    if (body[parameter] !== undefined && headers['anthropic-version'] !== '2023-06-01')
      throw invalid(`${parameter}: Extra inputs are not permitted`);
    else if (body[parameter] !== undefined && !model.sampling)
      throw invalid(`\`${parameter}\` is deprecated for this model.`);
  if (body['stream'] === true || (Array.isArray(body['tools']) && body['tools'].length > 0))
    throw invalid('The simulator has no streams and no tools.');
  const tier = body['service_tier'] ?? 'auto';
  if (tier !== 'auto' && tier !== 'standard_only')
    throw invalid("service_tier: Input should be 'auto' or 'standard_only'");
  const maxOutputTokens =
    wholeNumber(body['max_tokens'], 1, 64_000, () =>
      invalid('max_tokens: Input should be greater than or equal to 1'),
    ) ?? 0;
  return {
    model: name,
    instructions: body['system'] === undefined ? '' : contentOf(body['system'], 'system'),
    prompt: promptOf(body['messages']),
    maxOutputTokens,
    thinkingTokens: thinkingOf(body['thinking'], model, maxOutputTokens),
    tier: 'standard',
    geography: geographyOf(body['inference_geo'], model),
  };
}

/** Without a value in the request, the geography is the more expensive one, which may be the default of an operator's workspace too. */
function geographyOf(asked: unknown, model: AnthropicModel): string {
  if (!model.geography) {
    if (asked !== undefined) throw invalid('inference_geo: not supported for this model.');
    return 'not_available';
  }
  const geography = asked ?? 'us';
  if (geography !== 'global' && geography !== 'us') throw invalid("inference_geo: Input should be 'global' or 'us'");
  return geography;
}

function thinkingOf(thinking: unknown, model: AnthropicModel, maxTokens: number): number {
  const asked: JsonObject = thinking === undefined ? { type: model.thinking[0] } : isObject(thinking) ? thinking : {};
  const type = asked['type'];
  if (type !== 'disabled' && type !== 'enabled' && type !== 'adaptive')
    throw invalid("thinking: Input tag does not match any of the expected tags: 'enabled', 'disabled', 'adaptive'");
  const unknown = unknownKey(asked, type === 'enabled' ? ['type', 'budget_tokens', 'display'] : ['type', 'display']);
  if (unknown !== null) throw invalid(`thinking.${type}.${unknown}: Extra inputs are not permitted`);
  if (!model.thinking.includes(type)) throw invalid(`"thinking.type.${type}" is not supported for this model.`);
  if (type === 'disabled') return 0;
  if (type === 'adaptive') return 64;
  const budget = wholeNumber(asked['budget_tokens'], 1024, 1_000_000, () =>
    invalid('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024'),
  );
  if (budget === undefined) throw invalid('thinking.enabled.budget_tokens: Field required');
  if (budget >= maxTokens) throw invalid('`max_tokens` must be greater than `thinking.budget_tokens`.');
  return 128;
}

function promptOf(messages: unknown): string {
  if (!Array.isArray(messages) || messages.length === 0) throw invalid('messages: at least one message is required');
  const last: unknown = messages.at(-1);
  if (isObject(last) && last['role'] === 'assistant')
    throw invalid(
      'This model does not support assistant message prefill. The conversation must end with a user message.',
    );
  return messages
    .map((message, index) => {
      if (!isObject(message) || (message['role'] !== 'user' && message['role'] !== 'assistant'))
        throw invalid(`messages.${index}.role: Input should be 'user' or 'assistant'`);
      const unknown = unknownKey(message, ['role', 'content']);
      if (unknown !== null) throw invalid(`messages.${index}.${unknown}: Extra inputs are not permitted`);
      const text = contentOf(message['content'], `messages.${index}.content`);
      if (text.trim() === '') throw invalid(`messages.${index}: user messages must have non-empty content`);
      return text;
    })
    .join('\n');
}

function contentOf(content: unknown, at: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw invalid(`${at}: Input should be a valid string`);
  return content
    .map((block, index) => {
      if (!isObject(block) || block['type'] !== 'text' || typeof block['text'] !== 'string')
        throw invalid(`${at}.${index}: Input tag does not match any of the expected tags`);
      const unknown = unknownKey(block, ['type', 'text', 'cache_control', 'citations']);
      if (unknown !== null) throw invalid(`${at}.${index}.${unknown}: Extra inputs are not permitted`);
      return block['text'];
    })
    .join('');
}

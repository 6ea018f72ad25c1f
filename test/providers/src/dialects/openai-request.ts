import type { OpenAiModel } from '../models';
import { Refused, type Asked, type ModelRequest } from './dialect';
import { hasLoneSurrogate, isObject, unknownKey, wholeNumber, type JsonObject } from './json';

/** The members of a request that OpenAI knows. The code below refuses members that are not simulated, with an error text of our own. */
const KNOWN = [
  'background',
  'include',
  'input',
  'instructions',
  'max_output_tokens',
  'metadata',
  'model',
  'parallel_tool_calls',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'store',
  'stream',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_p',
  'truncation',
];
const TIERS = ['auto', 'default', 'flex', 'priority', 'scale', 'fast'];
/** The tokens that a model spends on reasoning, by effort. */
const EFFORT_TOKENS: Readonly<Record<string, number>> = { none: 0, minimal: 16, low: 64, medium: 256, high: 1024 };

const invalid = (message: string, param: string, code: string): Refused =>
  new Refused('request', { message, param, code });
const invalidType = (param: string): Refused => invalid(`Invalid type for '${param}'.`, param, 'invalid_type');

/** @throws Refused */
export function openAiRequest(body: unknown, { available }: Asked<OpenAiModel>): ModelRequest {
  if (!isObject(body) || hasLoneSurrogate(body))
    throw new Refused('request', { message: 'We could not parse the JSON body of your request.' });
  const unknown = unknownKey(body, KNOWN);
  if (unknown !== null) throw invalid(`Unknown parameter: '${unknown}'.`, unknown, 'unknown_parameter');
  if (body['model'] === undefined)
    throw invalid("Missing required parameter: 'model'.", 'model', 'missing_required_parameter');
  const name = body['model'];
  if (typeof name !== 'string') throw invalidType('model');
  const model = available(name);
  if (!model) throw new Refused('model', { message: `The requested model '${name}' does not exist.` });
  if (body['stream'] === true || (Array.isArray(body['tools']) && body['tools'].length > 0) || body['background'])
    throw invalid('The simulator has no streams, tools or background responses.', 'stream', 'unsupported_value');
  if (body['store'] !== undefined && typeof body['store'] !== 'boolean') throw invalidType('store');
  for (const param of ['temperature', 'top_p'])
    if (body[param] !== undefined && !model.sampling)
      throw new Refused('request', {
        message: `Unsupported parameter: '${param}' is not supported with this model.`,
        param,
      });
  checkCaching(body, model);
  const tier = body['service_tier'] ?? 'auto';
  if (typeof tier !== 'string' || !TIERS.includes(tier))
    throw invalid(
      `Invalid value: 'service_tier'. Supported values are: ${TIERS.join(', ')}.`,
      'service_tier',
      'invalid_value',
    );
  return {
    model: name,
    instructions: instructionsOf(body),
    prompt: promptOf(body['input']),
    maxOutputTokens:
      wholeNumber(body['max_output_tokens'] ?? undefined, 16, 200_000, () =>
        invalid("Invalid 'max_output_tokens': expected a value >= 16.", 'max_output_tokens', 'integer_below_min_value'),
      ) ?? 200_000,
    thinkingTokens: EFFORT_TOKENS[effortOf(body, model)] ?? 1024,
    tier: tier === 'auto' ? 'default' : tier === 'fast' ? 'priority' : tier,
  };
}

function checkCaching(body: JsonObject, model: OpenAiModel): void {
  const retention = body['prompt_cache_retention'];
  if (retention !== undefined && !model.retention.includes(String(retention)))
    throw invalid(
      model.retention.length === 0
        ? 'prompt_cache_retention is not supported on this model'
        : `Invalid value: 'prompt_cache_retention'. Supported values are: ${model.retention.join(', ')}.`,
      'prompt_cache_retention',
      'invalid_parameter',
    );
  const options = body['prompt_cache_options'];
  if (options === undefined) return;
  if (!model.cacheOptions)
    throw invalid('prompt_cache_options is not supported on this model', 'prompt_cache_options', 'invalid_parameter');
  if (!isObject(options) || unknownKey(options, ['mode', 'ttl']) !== null) throw invalidType('prompt_cache_options');
  if (!['implicit', 'explicit', undefined].includes(options['mode'] as string | undefined))
    throw invalid("Invalid value: 'prompt_cache_options.mode'.", 'prompt_cache_options.mode', 'invalid_value');
  if (!['30m', undefined].includes(options['ttl'] as string | undefined))
    throw invalid("Invalid value: 'prompt_cache_options.ttl'.", 'prompt_cache_options.ttl', 'invalid_value');
}

function effortOf(body: JsonObject, model: OpenAiModel): string {
  const reasoning = body['reasoning'] ?? undefined;
  if (reasoning === undefined) return model.efforts[0] ?? 'none';
  if (!isObject(reasoning)) throw invalidType('reasoning');
  const unknown = unknownKey(reasoning, ['effort', 'summary', 'context', 'mode']);
  if (unknown !== null)
    throw invalid(`Unknown parameter: 'reasoning.${unknown}'.`, `reasoning.${unknown}`, 'unknown_parameter');
  if (model.efforts.length === 0)
    throw invalid(
      "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
      'reasoning.effort',
      'unsupported_parameter',
    );
  const effort = reasoning['effort'] ?? model.efforts[0];
  if (typeof effort !== 'string' || !model.efforts.includes(effort))
    throw invalid(
      `Unsupported value: '${String(effort)}' is not supported with the '${model.id}' model. Supported values are: ${model.efforts.join(', ')}.`,
      'reasoning.effort',
      'unsupported_value',
    );
  return effort;
}

function instructionsOf(body: JsonObject): string {
  const instructions = body['instructions'] ?? '';
  if (typeof instructions !== 'string') throw invalidType('instructions');
  const input = body['input'];
  const system = Array.isArray(input)
    ? input.filter((item) => isObject(item) && (item['role'] === 'system' || item['role'] === 'developer'))
    : [];
  return [instructions, ...system.map(contentOf)].filter((text) => text !== '').join('\n');
}

function promptOf(input: unknown): string {
  if (typeof input === 'string') return input;
  if (!Array.isArray(input) || input.length === 0)
    throw invalid("Missing required parameter: 'input'.", 'input', 'missing_required_parameter');
  return input
    .filter((item) => !isObject(item) || (item['role'] !== 'system' && item['role'] !== 'developer'))
    .map(contentOf)
    .join('\n');
}

function contentOf(item: unknown): string {
  if (!isObject(item) || typeof item['role'] !== 'string' || (item['type'] ?? 'message') !== 'message')
    throw invalidType('input[0]');
  const content = item['content'];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw invalidType('input[0].content');
  return content
    .map((part) => {
      if (!isObject(part) || part['type'] !== 'input_text' || typeof part['text'] !== 'string')
        throw invalidType('input[0].content[0]');
      return part['text'];
    })
    .join('');
}

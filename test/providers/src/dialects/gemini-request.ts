import type { GeminiModel } from '../models';
import { Refused, type Asked, type ModelRequest } from './dialect';
import { camelCased, hasLoneSurrogate, isObject, unknownKey, wholeNumber, type JsonObject } from './json';

const KNOWN = [
  'cachedContent',
  'contents',
  'generationConfig',
  'safetySettings',
  'serviceTier',
  'store',
  'systemInstruction',
  'toolConfig',
  'tools',
];
const KNOWN_CONFIG = [
  'candidateCount',
  'frequencyPenalty',
  'maxOutputTokens',
  'presencePenalty',
  'responseMimeType',
  'seed',
  'stopSequences',
  'temperature',
  'thinkingConfig',
  'topK',
  'topP',
];
const TIERS = ['standard', 'flex', 'priority'];
/** The tokens that a model spends on thoughts, by level. */
const LEVEL_TOKENS: Readonly<Record<string, number>> = { minimal: 0, low: 64, medium: 256, high: 1024 };

const invalid = (message?: string, param?: string): Refused => new Refused('request', { message, param });
const unknownName = (name: string, at: string): Refused =>
  invalid(
    `Invalid JSON payload received. Unknown name "${name}"${at === '' ? '' : ` at '${at}'`}: Cannot find field.`,
    at,
  );

/** @throws Refused */
export function geminiRequest(sent: unknown, { model: name, available }: Asked<GeminiModel>): ModelRequest {
  const body = camelCased(sent);
  if (!isObject(body) || hasLoneSurrogate(body)) throw invalid('Invalid JSON payload received. Unexpected token.');
  const model = name === null ? null : available(name);
  if (name === null || !model)
    throw new Refused('model', {
      message: `models/${name ?? ''} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
    });
  const unknown = unknownKey(body, KNOWN);
  if (unknown !== null) throw unknownName(unknown, '');
  if (Array.isArray(body['tools']) && body['tools'].length > 0) throw invalid('The simulator has no tools.');
  if (body['store'] !== undefined && typeof body['store'] !== 'boolean') throw invalid(undefined, 'store');
  const tier = body['serviceTier'] ?? 'standard';
  if (typeof tier !== 'string' || !TIERS.includes(tier.toLowerCase())) throw invalid(undefined, 'service_tier');
  const config = body['generationConfig'] ?? {};
  if (!isObject(config)) throw invalid(undefined, 'generation_config');
  const unknownConfig = unknownKey(config, KNOWN_CONFIG);
  if (unknownConfig !== null) throw unknownName(unknownConfig, 'generation_config');
  return {
    model: name,
    instructions: body['systemInstruction'] === undefined ? '' : textOf(body['systemInstruction']),
    prompt: promptOf(body['contents']),
    maxOutputTokens:
      wholeNumber(config['maxOutputTokens'], 1, 65_536, () => invalid(undefined, 'max_output_tokens')) ?? 65_536,
    thinkingTokens: thinkingOf(config, model),
    tier: tier.toLowerCase(),
  };
}

function thinkingOf(config: JsonObject, model: GeminiModel): number {
  const thinking = config['thinkingConfig'] ?? {};
  if (!isObject(thinking)) throw invalid(undefined, 'thinking_config');
  const unknown = unknownKey(thinking, ['includeThoughts', 'thinkingBudget', 'thinkingLevel']);
  if (unknown !== null) throw unknownName(unknown, 'generation_config.thinking_config');
  const { thinkingBudget: budget, thinkingLevel: level } = thinking;
  if (budget !== undefined && level !== undefined)
    throw invalid('You can only set only one of thinking budget and thinking level.');
  if (level !== undefined) {
    if (model.levels.length === 0) throw invalid('Thinking level is not supported for this model.');
    const asked = typeof level === 'string' ? level.toLowerCase() : '';
    if (!model.levels.includes(asked))
      throw invalid(
        `Thinking level ${asked.toUpperCase()} is not supported for this model. Please retry with other thinking level.`,
      );
    return LEVEL_TOKENS[asked] ?? 0;
  }
  if (budget === undefined) return model.budget === null ? 1024 : 512;
  const whole = wholeNumber(budget, -1, 1_000_000, () => invalid(undefined, 'thinking_budget')) ?? -1;
  if (model.budget === null)
    throw invalid(
      whole === 0
        ? 'Budget 0 is invalid. This model only works in thinking mode.'
        : 'Thinking budget is not supported for this model. Please use thinking level.',
    );
  if (whole === 0) {
    if (!model.budget.off) throw invalid('Budget 0 is invalid. This model only works in thinking mode.');
    return 0;
  }
  if (whole !== -1 && (whole < model.budget.min || whole > model.budget.max))
    throw invalid(
      `The thinking budget ${whole} is invalid. Please choose a value between ${model.budget.min} and ${model.budget.max}.`,
    );
  return whole === -1 ? 512 : Math.min(whole, 512);
}

function promptOf(contents: unknown): string {
  if (!Array.isArray(contents) || contents.length === 0)
    throw invalid('* GenerateContentRequest.contents: contents is not specified', 'contents');
  for (const content of contents)
    if (isObject(content) && !['user', 'model', undefined].includes(content['role'] as string | undefined))
      throw invalid('Please use a valid role: user, model.', 'contents');
  return contents.map(textOf).join('\n');
}

function textOf(content: unknown): string {
  if (!isObject(content) || !Array.isArray(content['parts'])) throw invalid(undefined, 'contents');
  return content['parts']
    .map((part) => {
      if (!isObject(part) || typeof part['text'] !== 'string') throw invalid(undefined, 'contents.parts');
      return part['text'];
    })
    .join('');
}

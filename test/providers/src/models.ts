/** The providers that are simulated. */
export const SIMULATED_PROVIDERS = ['openai', 'gemini', 'anthropic'] as const;
export type SimulatedProvider = (typeof SIMULATED_PROVIDERS)[number];

export interface OpenAiModel {
  readonly id: string;
  /** The dated model name in the answer. */
  readonly servedAs: string;
  /** Whether the model accepts `temperature` and `top_p`. */
  readonly sampling: boolean;
  /** The values of `reasoning.effort`, the default first; empty for a model that does not reason. */
  readonly efforts: readonly string[];
  /** The values of `prompt_cache_retention`; empty if the model refuses the parameter. */
  readonly retention: readonly string[];
  /** Whether the model accepts `prompt_cache_options`. */
  readonly cacheOptions: boolean;
}

export interface GeminiModel {
  readonly id: string;
  readonly servedAs: string;
  /** The limits of `thinkingBudget`, and whether 0 turns thinking off; null if the model refuses the parameter. */
  readonly budget: { readonly min: number; readonly max: number; readonly off: boolean } | null;
  /** The values of `thinkingLevel`; empty if the model refuses the parameter. */
  readonly levels: readonly string[];
}

export interface AnthropicModel {
  readonly id: string;
  readonly servedAs: string;
  /** Whether the model accepts `temperature`, `top_p` and `top_k`. */
  readonly sampling: boolean;
  /** The values of `thinking.type`, the default first. */
  readonly thinking: readonly ('disabled' | 'enabled' | 'adaptive')[];
  /** Whether the model accepts `inference_geo`. */
  readonly geography: boolean;
}

export interface ModelOf {
  openai: OpenAiModel;
  gemini: GeminiModel;
  anthropic: AnthropicModel;
}

const openai = (id: string, date: string, more: Omit<OpenAiModel, 'id' | 'servedAs'>): OpenAiModel => ({
  id,
  servedAs: `${id}-${date}`,
  ...more,
});
const older = { sampling: true, efforts: [], cacheOptions: false } as const;
const gpt5 = { sampling: false, efforts: ['medium', 'minimal', 'low', 'high'], cacheOptions: false } as const;
const gpt51 = {
  sampling: false,
  efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
  retention: ['in_memory', '24h'],
  cacheOptions: false,
} as const;
const gpt56 = {
  sampling: false,
  efforts: ['medium', 'none', 'low', 'high', 'xhigh', 'max'],
  retention: [],
  cacheOptions: true,
} as const;

const gemini = (id: string, more: Pick<GeminiModel, 'budget' | 'levels'>): GeminiModel => ({
  id,
  servedAs: id,
  ...more,
});
const anthropic = (
  id: string,
  servedAs: string,
  more: Pick<AnthropicModel, 'sampling' | 'thinking' | 'geography'>,
) => ({
  id,
  servedAs,
  ...more,
});
const switched = { sampling: true, thinking: ['disabled', 'enabled'], geography: false } as const;
const adaptive = { sampling: true, thinking: ['disabled', 'enabled', 'adaptive'], geography: true } as const;
const noSampling = { sampling: false, thinking: ['disabled', 'adaptive'], geography: true } as const;
const alwaysThinks = { sampling: false, thinking: ['adaptive'], geography: true } as const;

/**
 * The simulated models, with the parameters that each accepts. The list is written from the providers' documentation and public
 * reports of their errors. Tests compare it with the measured price table; neither is made from the other.
 */
export const SIMULATED_MODELS: { readonly [P in SimulatedProvider]: readonly ModelOf[P][] } = {
  openai: [
    openai('gpt-4o-mini', '2024-07-18', { ...older, retention: [] }),
    openai('gpt-4.1', '2025-04-14', { ...older, retention: [] }),
    openai('gpt-4.1-mini', '2025-04-14', { ...older, retention: [] }),
    openai('gpt-4.1-nano', '2025-04-14', { ...older, retention: [] }),
    openai('gpt-5', '2025-08-07', { ...gpt5, retention: ['in_memory', '24h'] }),
    openai('gpt-5-mini', '2025-08-07', { ...gpt5, retention: [] }),
    openai('gpt-5-nano', '2025-08-07', { ...gpt5, retention: [] }),
    openai('gpt-5.1', '2025-11-13', gpt51),
    openai('gpt-5.2', '2025-12-11', gpt51),
    openai('gpt-5.4', '2026-03-17', gpt51),
    openai('gpt-5.4-mini', '2026-03-17', gpt51),
    openai('gpt-5.4-nano', '2026-03-17', gpt51),
    openai('gpt-5.5', '2026-04-23', { ...gpt51, retention: ['24h'] }),
    openai('gpt-5.5-pro', '2026-04-23', { ...gpt51, efforts: ['high', 'medium', 'xhigh'], retention: ['24h'] }),
    openai('gpt-5.6-sol', '2026-07-09', gpt56),
    openai('gpt-5.6-terra', '2026-07-09', gpt56),
    openai('gpt-5.6-luna', '2026-07-09', gpt56),
    openai('gpt-6-luna', '2026-09-22', gpt56),
  ],
  gemini: [
    gemini('gemini-2.5-pro', { budget: { min: 128, max: 32_768, off: false }, levels: [] }),
    gemini('gemini-2.5-flash', { budget: { min: 1, max: 24_576, off: true }, levels: [] }),
    gemini('gemini-2.5-flash-lite', { budget: { min: 512, max: 24_576, off: true }, levels: [] }),
    gemini('gemini-3-pro-preview', { budget: null, levels: ['low', 'high'] }),
    gemini('gemini-3.1-pro-preview', { budget: null, levels: ['low', 'medium', 'high'] }),
    gemini('gemini-3-flash-preview', { budget: null, levels: ['minimal', 'low', 'medium', 'high'] }),
    gemini('gemini-3.1-flash-lite', { budget: null, levels: ['minimal', 'low', 'medium', 'high'] }),
    gemini('gemini-3.5-flash-lite', { budget: null, levels: ['minimal', 'low', 'medium', 'high'] }),
    gemini('gemini-3.5-flash', { budget: null, levels: ['minimal', 'low', 'medium', 'high'] }),
    gemini('gemini-3.6-flash', { budget: null, levels: ['minimal', 'low', 'medium', 'high'] }),
    gemini('gemini-3.7-flash', { budget: null, levels: ['low', 'medium', 'high'] }),
  ],
  anthropic: [
    anthropic('claude-haiku-4-5', 'claude-haiku-4-5-20251001', switched),
    anthropic('claude-sonnet-4-5', 'claude-sonnet-4-5-20250929', switched),
    anthropic('claude-opus-4-5', 'claude-opus-4-5-20251101', switched),
    anthropic('claude-sonnet-4-6', 'claude-sonnet-4-6', adaptive),
    anthropic('claude-opus-4-6', 'claude-opus-4-6', adaptive),
    anthropic('claude-opus-4-7', 'claude-opus-4-7', noSampling),
    anthropic('claude-opus-4-8', 'claude-opus-4-8', noSampling),
    anthropic('claude-sonnet-5', 'claude-sonnet-5', noSampling),
    anthropic('claude-opus-5', 'claude-opus-5', noSampling),
    anthropic('claude-haiku-5-5', 'claude-haiku-5-5', { ...noSampling, thinking: ['adaptive', 'disabled'] }),
    anthropic('claude-opus-5-5', 'claude-opus-5-5', alwaysThinks),
  ],
};

/** Returns the model with this name or dated name; null if the provider has none. */
export function simulatedModel<P extends SimulatedProvider>(provider: P, name: string): ModelOf[P] | null {
  const models: readonly ModelOf[P][] = SIMULATED_MODELS[provider];
  return models.find(({ id, servedAs }) => id === name || servedAs === name) ?? null;
}

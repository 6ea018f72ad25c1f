/**
 * The parameters that a request to one exact model must and must not have. A parameter that one model needs can be an error for
 * another model, or make its provider keep data longer.
 */
export type RequestShape = OpenAiShape | GeminiShape | AnthropicShape;

export interface OpenAiShape {
  readonly provider: 'openai';
  /** `reasoning.effort`: `none` turns thinking off. */
  readonly effort: 'none' | 'minimal' | 'low';
  /**
   * `in_memory`: send `prompt_cache_retention: "in_memory"`, so that no prefix is kept for 24 hours. `off`: send
   * `prompt_cache_options: { mode: "explicit" }` and mark no breakpoint, so that the request uses no cache. `unset`: send neither.
   */
  readonly cache: 'in_memory' | 'off' | 'unset';
  /** Whether `temperature` may be sent. */
  readonly sampling: boolean;
}

export interface GeminiShape {
  readonly provider: 'gemini';
  /** `thinkingConfig`: a budget in tokens (0 turns thinking off) for Gemini 2.5, a level for Gemini 3. */
  readonly thinking: { readonly budget: number } | { readonly level: 'minimal' | 'low' };
  readonly sampling: boolean;
}

export interface AnthropicShape {
  readonly provider: 'anthropic';
  /**
   * `disabled`: send `thinking: { type: "disabled" }`. `unset`: send no parameter, because this model thinks only on request.
   */
  readonly thinking: 'disabled' | 'unset';
  /**
   * `global`: send `inference_geo: "global"`, because the default of a workspace may be the United States, at 1.1 times the price.
   * `unset`: send no parameter, because the model refuses it; its price is the same everywhere.
   */
  readonly geography: 'global' | 'unset';
  /** Whether `temperature` may be sent. Newer models answer it with 400. */
  readonly sampling: boolean;
}

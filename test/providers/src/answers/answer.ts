import * as z from 'zod';

const count = z.int().min(0).max(1_000_000_000);

/** The tokens of one call. No token is in two counts. Each dialect writes the counts in its own form. */
export const countsSchema = z.strictObject({
  input: count.default(0),
  cached: count.default(0),
  cacheWrittenShort: count.default(0),
  cacheWrittenLong: count.default(0),
  /** Gemini only: input tokens that its tools used. */
  tools: count.default(0),
  output: count.default(0),
  thinking: count.default(0),
});
export type Counts = z.output<typeof countsSchema>;

/**
 * How the usage of an answer is wrong. `absent`: the member is missing. `null`: the member is null. `negative`, `fraction`, `text`,
 * `null_count`: one count is -5, 30.9, "120" or null. `total`: the parts do not add up to the stated total (for Anthropic, the cache writes
 * by lifetime do not add up to their sum). `part_above_whole`: a count that is part of another count is larger than that count.
 */
export const WRONG_USAGES = [
  'absent',
  'null',
  'negative',
  'fraction',
  'text',
  'null_count',
  'total',
  'part_above_whole',
] as const;
export type WrongUsage = (typeof WRONG_USAGES)[number];

/** A successful answer that a test scripts. The simulated model fills in the parts that are left out. */
export const scriptedAnswerSchema = z.strictObject({
  text: z.string().max(2_000_000).optional(),
  /** Thoughts before the text, as a thought part, block or item of the provider. */
  thoughts: z.string().max(100_000).optional(),
  /**
   * `cut`: the answer reports that the text reached the maximum output; `refused`: the model declines and gives no text; `empty`: thinking
   * used the whole maximum.
   */
  end: z.enum(['complete', 'cut', 'refused', 'empty']).default('complete'),
  counts: countsSchema.optional(),
  wrongUsage: z.enum(WRONG_USAGES).optional(),
  /** The service tier that the answer names. */
  tier: z.string().max(50).optional(),
  /** The model name in the answer. */
  model: z.string().max(200).optional(),
  /** Top-level members that replace those of the answer's body, for bodies that the simulator does not make itself. */
  members: z.record(z.string().max(100), z.json()).optional(),
});
export type ScriptedAnswer = z.output<typeof scriptedAnswerSchema>;
export type ScriptedAnswerInput = z.input<typeof scriptedAnswerSchema>;

/** A complete answer, which a dialect writes in its form. */
export interface SimulatedAnswer {
  readonly text: string;
  readonly thoughts: string | null;
  readonly end: ScriptedAnswer['end'];
  readonly counts: Counts;
  readonly wrongUsage: WrongUsage | null;
  readonly tier: string | null;
  readonly model: string | null;
  readonly members: Readonly<Record<string, unknown>>;
}

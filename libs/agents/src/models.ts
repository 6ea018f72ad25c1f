import type { PriceTable, Prices } from './price-table';

/**
 * The models that an operator can configure, with their prices for the paid, standard tier and global processing. No prompt here reaches
 * the sizes (100,000 tokens and more) above which some of these models cost more. The pages were read as stored copies, not live: an
 * operator compares them with the live pages before turning agents on (docs/operator/agents.md).
 *
 * How to change it: read the provider's page, write its address and the day beside the row, add a `Prices` with `from` (and end the one
 * before with `until`), and give the table a new version. A price that no page states is not entered: the row is left out. A price that was
 * not read on the provider's own page is unverified: name the model in `UNVERIFIED_PRICES`.
 */
export const PRICE_TABLE: PriceTable = {
  version: '2026-11-30.1',
  rows: [
    // https://developers.openai.com/api/docs/models/gpt-6-luna, read 2026-11-30: effort none to max; cache writes at 1.25 of input.
    {
      model: 'gpt-6-luna',
      shape: { provider: 'openai', effort: 'none', cache: 'off', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [since('2026-09-22', { input: 100_000, cached: 10_000, short: 125_000, long: 125_000, output: 500_000 })],
    },
    // https://developers.openai.com/api/docs/models/gpt-5.6-luna, read 2026-11-30: effort none to max; cache writes at 1.25 of input.
    {
      model: 'gpt-5.6-luna',
      shape: { provider: 'openai', effort: 'none', cache: 'off', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2026-11-30', { input: 200_000, cached: 20_000, short: 250_000, long: 250_000, output: 1_200_000 }),
      ],
    },
    // https://developers.openai.com/api/docs/models/gpt-5.4-nano, read 2026-11-30: effort none (default) to xhigh; no
    // separate price for cache writes.
    {
      model: 'gpt-5.4-nano',
      shape: { provider: 'openai', effort: 'none', cache: 'in_memory', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2026-03-17', { input: 200_000, cached: 20_000, short: 200_000, long: 200_000, output: 1_250_000 }),
      ],
    },
    // Unverified, as it was not read on Google's page itself: input and output (with thinking) are from a published transcription of
    // https://ai.google.dev/gemini-api/docs/pricing, made 2026-10-07 (github.com/api-evangelist/deepmind). It has no price for cached input,
    // which counts as input. https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/3-5-flash-lite, read 2026-11-30: the
    // least thinking is `minimal`, which is no hard limit.
    {
      model: 'gemini-3.5-flash-lite',
      shape: { provider: 'gemini', thinking: { level: 'minimal' }, sampling: false },
      thinkingAllowanceTokens: 512,
      prices: [
        since('2026-10-07', { input: 300_000, cached: 300_000, short: 300_000, long: 300_000, output: 2_500_000 }),
      ],
    },
    // https://morphllm.com/gemini-api-pricing, read 2026-11-30: input. Unverified, as it is a guide that cites Google's page, which itself was
    // not read. Output is from the transcription named above. Neither has a price for cached input, which counts as input. A budget of 0 turns
    // thinking off.
    {
      model: 'gemini-2.5-flash-lite',
      shape: { provider: 'gemini', thinking: { budget: 0 }, sampling: true },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2026-10-07', { input: 100_000, cached: 100_000, short: 100_000, long: 100_000, output: 400_000 }),
      ],
    },
    // https://platform.claude.com/docs/en/models/haiku-5-5/overview, read 2026-11-30: prompts up to 100,000 tokens. Thinking is on unless
    // it is disabled, and temperature, top_p and top_k are refused (migration guide beside it). `inference_geo`, and its 1.1 times for the United
    // States: https://docs.aws.amazon.com/claude-platform/latest/userguide/data-residency.md, read 2026-11-30.
    {
      model: 'claude-haiku-5-5',
      shape: { provider: 'anthropic', thinking: 'disabled', geography: 'global', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [since('2026-10-07', { input: 100_000, cached: 10_000, short: 125_000, long: 200_000, output: 500_000 })],
    },
    // https://platform.claude.com/docs/en/about-claude/pricing, read 2026-11-30. Does not think unless a budget is given,
    // and refuses `inference_geo` (page named above).
    {
      model: 'claude-haiku-4-5',
      shape: { provider: 'anthropic', thinking: 'disabled', geography: 'unset', sampling: true },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2025-10-15', {
          input: 1_000_000,
          cached: 100_000,
          short: 1_250_000,
          long: 2_000_000,
          output: 5_000_000,
        }),
      ],
    },
  ],
};

/**
 * Models whose prices come from another site's copy of the provider's page, which the comment at the row names. `preflight` warns of
 * each such model that is configured. The list is not part of the table: when someone has read the page itself, no price
 * changes, so the hash must not change.
 */
export const UNVERIFIED_PRICES: readonly string[] = ['gemini-3.5-flash-lite', 'gemini-2.5-flash-lite'];

/** Returns prices that apply from a day on. Thinking is priced as output, as all three providers do. */
function since(
  from: string,
  { short, long, ...prices }: Pick<Prices, 'input' | 'cached' | 'output'> & Prices['cacheWrites'],
  until: string | null = null,
): Prices {
  return { from, until, ...prices, cacheWrites: { short, long }, thinking: prices.output };
}

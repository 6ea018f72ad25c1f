import type { PriceTable, Prices } from './price-table';

/**
 * The models that an operator can configure, with their prices (micro-dollars per million tokens) for the paid, standard tier and global
 * processing. Some of these models cost more above 100,000 tokens, which no prompt of the enclave reaches. We read stored copies of the
 * providers' pages, so the operator compares the prices with the live pages before turning agents on (docs/operator/agents.md).
 *
 * How to change the table: read the provider's page, and write its address and the day beside the row. Add a `Prices` with `from`, and
 * end the previous one with `until`. Give the table a new version. Leave a model out if no page states its price. If the price was not
 * read on the provider's own page, name the model in `UNVERIFIED_PRICES`.
 */
export const PRICE_TABLE: PriceTable = {
  version: '2026-11-30.1',
  rows: [
    // https://developers.openai.com/api/docs/models/gpt-6-luna, read 2026-11-30: effort from none to max. A cache write costs 1.25 times input.
    {
      model: 'gpt-6-luna',
      shape: { provider: 'openai', effort: 'none', cache: 'off', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [since('2026-09-22', { input: 100_000, cached: 10_000, short: 125_000, long: 125_000, output: 500_000 })],
    },
    // https://developers.openai.com/api/docs/models/gpt-5.6-luna, read 2026-11-30: effort from none to max. A cache write costs 1.25 times
    // input.
    {
      model: 'gpt-5.6-luna',
      shape: { provider: 'openai', effort: 'none', cache: 'off', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2026-11-30', { input: 200_000, cached: 20_000, short: 250_000, long: 250_000, output: 1_200_000 }),
      ],
    },
    // https://developers.openai.com/api/docs/models/gpt-5.4-nano, read 2026-11-30: effort from none (the default) to xhigh; no
    // separate price for cache writes.
    {
      model: 'gpt-5.4-nano',
      shape: { provider: 'openai', effort: 'none', cache: 'in_memory', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2026-03-17', { input: 200_000, cached: 20_000, short: 200_000, long: 200_000, output: 1_250_000 }),
      ],
    },
    // Unverified, because Google's own page was not read. The prices of input and output (with thinking) are from a published transcription of
    // https://ai.google.dev/gemini-api/docs/pricing, made 2026-10-07 (github.com/api-evangelist/deepmind). The transcription has no price for
    // cached input, so the table charges the price of input.
    // https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/3-5-flash-lite, read 2026-11-30: the least thinking is
    // `minimal`, which sets no limit of tokens.
    {
      model: 'gemini-3.5-flash-lite',
      shape: { provider: 'gemini', thinking: { level: 'minimal' }, sampling: false },
      thinkingAllowanceTokens: 512,
      prices: [
        since('2026-10-07', { input: 300_000, cached: 300_000, short: 300_000, long: 300_000, output: 2_500_000 }),
      ],
    },
    // https://morphllm.com/gemini-api-pricing, read 2026-11-30: the price of input. Unverified, because this guide only cites Google's page.
    // The price of output is from the transcription of gemini-3.5-flash-lite. Neither has a price for cached input, so the table charges the
    // price of input. A budget of 0 turns thinking off.
    {
      model: 'gemini-2.5-flash-lite',
      shape: { provider: 'gemini', thinking: { budget: 0 }, sampling: true },
      thinkingAllowanceTokens: 0,
      prices: [
        since('2026-10-07', { input: 100_000, cached: 100_000, short: 100_000, long: 100_000, output: 400_000 }),
      ],
    },
    // https://platform.claude.com/docs/en/models/haiku-5-5/overview, read 2026-11-30: prices of prompts up to 100,000 tokens. The migration
    // guide beside that page: thinking is on unless it is disabled, and temperature, top_p and top_k are refused.
    // https://docs.aws.amazon.com/claude-platform/latest/userguide/data-residency.md, read 2026-11-30: `inference_geo` for the United States
    // costs 1.1 times as much.
    {
      model: 'claude-haiku-5-5',
      shape: { provider: 'anthropic', thinking: 'disabled', geography: 'global', sampling: false },
      thinkingAllowanceTokens: 0,
      prices: [since('2026-10-07', { input: 100_000, cached: 10_000, short: 125_000, long: 200_000, output: 500_000 })],
    },
    // https://platform.claude.com/docs/en/about-claude/pricing, read 2026-11-30. The model does not think unless a budget is given,
    // and refuses `inference_geo` (data-residency.md).
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
 * Models whose prices come from another site's copy of the provider's page. The comment at the row names that site. `preflight` warns of
 * each such model that is configured. The list is not part of the table, so that verifying a price does not change the table's hash.
 */
export const UNVERIFIED_PRICES: readonly string[] = ['gemini-3.5-flash-lite', 'gemini-2.5-flash-lite'];

/** Returns prices that apply from a day on. All three providers charge thinking as output. */
function since(
  from: string,
  { short, long, ...prices }: Pick<Prices, 'input' | 'cached' | 'output'> & Prices['cacheWrites'],
  until: string | null = null,
): Prices {
  return { from, until, ...prices, cacheWrites: { short, long }, thinking: prices.output };
}

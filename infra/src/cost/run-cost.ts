import { resolve } from 'node:path';
import { ConfigError } from '../config/config-error';
import { parseAddressOnly } from '../config/address-only';
import { parseSettings } from '../config/parse-settings';
import type { StackOptions, Streams } from '../preview/options';
import { stackConfig } from '../preview/stack-config';
import { notBuilt } from '../config/stand-ins';
import { addressesCost, costOf, planSavings, type MonthlyCost } from './cost';

export interface CostOptions extends StackOptions {
  /** A savings plan's rate in dollars an hour, to calculate the savings. */
  readonly savingsRate?: string | undefined;
}

/** @returns the exit code: 0 printed, 1 the configuration cannot work, 2 wrong arguments */
export function runCost(given: CostOptions, streams: Streams, root = resolve('.')): number {
  let config;
  try {
    if (given.savingsRate !== undefined && !/^\d{1,3}(\.\d{1,6})?$/.test(given.savingsRate))
      throw new Error('--savings-rate: dollars an hour, for example 0.0898');
    config = stackConfig(root, given.stack, given.config);
  } catch (error) {
    streams.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  try {
    const addressOnly = parseAddressOnly(given.stack, config.values);
    if (addressOnly !== undefined) {
      const cost = addressesCost(addressOnly.natPerZone ? 2 : 1);
      streams.out(
        given.json
          ? `${JSON.stringify({ stack: given.stack, addressOnly: true, ...cost }, undefined, 2)}\n`
          : `Stack ${given.stack} has only its registered addresses: ${cost.knownUsd} dollars a month. Without addressOnly this command shows the whole stack.\n`,
      );
      return 0;
    }
    const settings = parseSettings(given.stack, config.values, { root, standIn: notBuilt });
    const cost = costOf(settings);
    const saved = given.savingsRate === undefined ? undefined : planSavings(settings, microUsd(given.savingsRate));
    streams.out(
      given.json
        ? `${JSON.stringify({ stack: given.stack, ...cost, ...(saved !== undefined && { savedUsd: saved }) }, undefined, 2)}\n`
        : table(given.stack, cost, saved),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    streams.err(`${error.message}\n`);
    return 1;
  }
}

function microUsd(dollars: string): bigint {
  const [whole = '0', fraction = ''] = dollars.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

function table(stack: string, cost: MonthlyCost, saved: string | null | undefined): string {
  const from = (source: number | null) => (source === null ? '' : `[${String(source)}]`);
  const rows = cost.items.map(
    ({ item, count, price, monthlyUsd, source }) =>
      `  ${item.padEnd(42)} ${String(count).padStart(5)} x ${price.padEnd(26)} ${(monthlyUsd ?? 'unknown').padStart(10)} ${from(source)}\n`,
  );
  const { savingsPlan } = cost;
  const used = new Set([...cost.items, ...cost.byUse].map(({ source }) => source));
  const sources = cost.sources.flatMap(({ asOf, what }, at) =>
    used.has(at + 1) ? [`  [${String(at + 1)}] ${asOf}: ${what}\n`] : [],
  );
  return [
    `Stack ${stack}, US dollars a month (730 hours), on demand, prices of ${cost.pricesOf}; no free tier is deducted\n\n`,
    ...rows,
    `  ${'total of the known prices'.padEnd(77)} ${cost.knownUsd.padStart(10)}\n\n`,
    `Not in the total, because it depends on use:\n${cost.byUse.map(({ item, rate, source }) => `  - ${item}: ${rate} ${from(source)}\n`).join('')}\n`,
    `Not in the total, because the price is unknown:\n${cost.unknown.map((each) => `  - ${each}\n`).join('')}\n`,
    `Where the prices were read:\n${sources.join('')}\n`,
    `Savings plan: the parents cost ${savingsPlan.onDemandPerHourUsd ?? 'an unknown price'} an hour on demand. ${savingsPlan.note}\n`,
    saved === undefined ? '' : `It would save ${saved ?? 'an unknown amount'} a month.\n`,
    `A command to consider; no program here runs it:\n  ${savingsPlan.command}\n`,
  ].join('');
}

const DOLLARS = /^(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,6}))?$/;

/** Reads "10.00" as 10000000n micro-dollars: digits only, at most six after the point. Returns undefined for any other text. */
export function parseDollars(text: string): bigint | undefined {
  const match = DOLLARS.exec(text);
  if (match === null) return undefined;
  const [, whole = '0', fraction = ''] = match;
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** Writes 10000000n micro-dollars as "10.00", with more than two decimals only if they are not zero. */
export function formatDollars(microUsd: bigint): string {
  const sign = microUsd < 0n ? '-' : '';
  const amount = microUsd < 0n ? -microUsd : microUsd;
  const fraction = (amount % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${(amount / 1_000_000n).toString()}.${fraction}`;
}

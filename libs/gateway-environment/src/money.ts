const DOLLARS = /^(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,6}))?$/;

/** "10.00" -> 10000000n micro-dollars, without rounding: digits only, at most six after the point. `undefined` for anything else. */
export function parseDollars(text: string): bigint | undefined {
  const match = DOLLARS.exec(text);
  if (match === null) return undefined;
  const [, whole = '0', fraction = ''] = match;
  return BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** 10000000n -> "10.00"; more than two decimals only if they are not zero. */
export function formatDollars(microUsd: bigint): string {
  const sign = microUsd < 0n ? '-' : '';
  const amount = microUsd < 0n ? -microUsd : microUsd;
  const fraction = (amount % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,4}$/, '');
  return `${sign}${(amount / 1_000_000n).toString()}.${fraction}`;
}

// Numbers, times and bytes as people read them, in the reader's own locale.
import { fill, locale, text } from './text/text';

const ROW_BYTES = 16;
const MAX_SHOWN_BYTES = 4096;

/** Returns a row for every 16 bytes, each with its offset. If there are more than `maxBytes`, the last row says how many are not shown. */
export function hexDump(bytes: Uint8Array, maxBytes = MAX_SHOWN_BYTES): string {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, maxBytes); at += ROW_BYTES) {
    const row = [...bytes.subarray(at, at + ROW_BYTES)].map((byte) => byte.toString(16).padStart(2, '0'));
    rows.push(`${at.toString(16).padStart(5, '0')}  ${row.slice(0, 8).join(' ')}  ${row.slice(8).join(' ')}`.trimEnd());
  }
  if (bytes.length > maxBytes) rows.push(fill(text.value.common.moreBytes, { count: bytes.length - maxBytes }));
  return rows.join('\n');
}

/** Returns the digits in groups of eight, so that a person can compare two values. */
export function grouped(hex: string): string {
  return hex.replace(/(.{8})(?=.)/g, '$1 ');
}

export function wholeNumber(value: number): string {
  return new Intl.NumberFormat(locale.value, { maximumFractionDigits: 0 }).format(value);
}

/** Returns a number with its unit. @param unit a unit of ECMA-402, such as `millisecond` */
export function quantity(value: number, unit: string, maximumFractionDigits = 0): string {
  return new Intl.NumberFormat(locale.value, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits,
  }).format(value);
}

const UNITS = [
  ['year', 31_536_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Returns the two largest units, such as `3 hr 12 min`. Seconds are the smallest unit, and the sign is dropped. */
export function duration(ms: number): string {
  let seconds = Math.floor(Math.abs(ms) / 1000);
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(quantity(count, unit));
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? `< ${quantity(1, 'second')}` : parts.join(' ');
}

export function instant(ms: number): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'medium' }).format(ms);
}

export function clock(ms: number): string {
  return new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium' }).format(ms);
}

/** Returns the time in UTC, such as `2026-11-22 14:03:07 UTC`, for the title of an element that shows the local time. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

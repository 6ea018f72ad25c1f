const ROW_BYTES = 16;

/** Rows of offset and sixteen bytes; what is beyond `maxBytes` is counted and not shown. */
export function hexDump(bytes: Uint8Array, maxBytes: number): string {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, maxBytes); at += ROW_BYTES) {
    const row = [...bytes.subarray(at, at + ROW_BYTES)].map((byte) => byte.toString(16).padStart(2, '0'));
    rows.push(`${at.toString(16).padStart(5, '0')}  ${row.slice(0, 8).join(' ')}  ${row.slice(8).join(' ')}`.trimEnd());
  }
  if (bytes.length > maxBytes) rows.push(`and ${(bytes.length - maxBytes).toLocaleString('en')} bytes more`);
  return rows.join('\n');
}

/** In groups of eight, so that two can be compared by eye. */
export function grouped(hex: string): string {
  return hex.replace(/(.{8})(?=.)/g, '$1 ');
}

const UNITS = [
  ['year', 31_536_000],
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** `3 h 12 min`: the two largest units, nothing smaller than a second. */
export function duration(ms: number): string {
  let seconds = Math.floor(Math.abs(ms) / 1000);
  const parts: string[] = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0)
      parts.push(`${String(count)} ${count > 1 && (name === 'year' || name === 'day') ? `${name}s` : name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? 'less than a second' : parts.join(' ');
}

/** `2026-11-22 14:03:07 UTC`. */
export function instant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

export function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

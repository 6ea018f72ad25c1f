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

export type ExpectedCodeHash = { ok: true; measurements: { pcr0: string }[] } | { ok: false; problem: string };

/** `sha384:<96 hex>[,sha384:<96 hex>...]`: the accepted PCR0 values. Only the first entry needs the prefix. */
export function parseExpectedCodeHash(text: string): ExpectedCodeHash {
  const accepted = new Set<string>();
  for (const [index, part] of text
    .split(',')
    .map((entry) => entry.trim())
    .entries()) {
    const which = `entry ${String(index + 1)}`;
    if (/^sha256:/i.test(part)) {
      return {
        ok: false,
        problem: `${which}: sha256 cannot be a measurement of an enclave: PCR0 is a SHA-384 (48 bytes, 96 hex digits); take it from nitro-cli describe-eif and write sha384:<96 hex>`,
      };
    }
    const hex = /^(?:sha384:)?([0-9a-f]{96})$/i.exec(part)?.[1]?.toLowerCase();
    if (hex === undefined || (index === 0 && !/^sha384:/i.test(part)))
      return { ok: false, problem: `${which}: must be sha384: and 96 hex digits` };
    if (/^0+$/.test(hex))
      return {
        ok: false,
        problem: `${which}: all zero is the PCR0 of an enclave in debug mode, whose memory its parent can read`,
      };
    accepted.add(hex);
  }
  return { ok: true, measurements: [...accepted].map((pcr0) => ({ pcr0 })) };
}

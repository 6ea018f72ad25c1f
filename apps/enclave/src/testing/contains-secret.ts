/** Whether a text contains these bytes: raw, in hex, or in base64 at any of the three alignments. */
export function containsSecret(text: Buffer, secret: Uint8Array): boolean {
  const bytes = Buffer.from(secret);
  const hex = [bytes.toString('hex'), bytes.toString('hex').toUpperCase()];
  const base64 = [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    const whole = (form: 'base64' | 'base64url') =>
      shifted.toString(form).slice(Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6));
    return [whole('base64'), whole('base64url')];
  });
  return text.includes(bytes) || [...hex, ...base64].some((form) => text.includes(form));
}

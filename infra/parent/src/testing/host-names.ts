/** Returns a host name of `length` characters (4 to 253), in labels of at most 63. */
export function hostNameOf(length: number): string {
  let name = 'io';
  while (name.length < length) {
    const left = length - name.length - 1;
    // Leave room for a dot and a label of at least one character.
    const label = left > 63 && left < 65 ? 62 : Math.min(63, left);
    name = `${'a'.repeat(label)}.${name}`;
  }
  return name;
}

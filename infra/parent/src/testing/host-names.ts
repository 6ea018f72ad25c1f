/** A host name of so many characters, 4 to 253, in labels of at most 63. */
export function hostNameOf(length: number): string {
  let name = 'io';
  while (name.length < length) {
    const left = length - name.length - 1;
    // A label of one character beside a dot is the least that may be left over.
    const label = left > 63 && left < 65 ? 62 : Math.min(63, left);
    name = `${'a'.repeat(label)}.${name}`;
  }
  return name;
}

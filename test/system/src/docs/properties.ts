/** One section of docs/security-properties.md. */
export interface Property {
  readonly number: number;
  readonly sentence: string;
  /** The values after each bold word, such as `Attack`. A word can occur several times. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** Returns the sections that start with `## P<number>. <sentence>`, in the order of the text. */
export function readProperties(text: string): Property[] {
  return text.split(/^## /m).flatMap((section) => {
    const [, number, sentence] = /^P([0-9]+)\. (.+)\n/.exec(section) ?? [];
    if (number === undefined || sentence === undefined) return [];
    const fields = new Map<string, string[]>();
    for (const [, name = '', value = ''] of section.matchAll(/^- \*\*([^*]+)\*\*: (.+)$/gm))
      fields.set(name, [...(fields.get(name) ?? []), value]);
    return [{ number: Number(number), sentence, fields }];
  });
}

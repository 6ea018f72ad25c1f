import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/** A code block is indented by four or more: in a list by more than the list's own text. */
const CODE = /^ {4}/;

/**
 * The blocks of commands that a document has below a heading, up to the next heading, as they are to be typed.
 * @param heading its text, without `#`
 * @throws Error if the document has no such heading
 */
export function commandsBelow(document: string, heading: string): string[] {
  const lines = readFileSync(join(workspaceRoot(), document), 'utf8').split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '').trim() === heading);
  if (start < 0) throw new Error(`${document} has no heading "${heading}"`);
  const end = lines.findIndex((line, index) => index > start && /^#+ /.test(line));
  const blocks: string[][] = [];
  let inside = false;
  for (const line of lines.slice(start + 1, end < 0 ? undefined : end)) {
    const isCode = CODE.test(line);
    if (isCode && !inside) blocks.push([]);
    if (isCode) blocks.at(-1)?.push(line);
    inside = isCode;
  }
  return blocks.map((block) => {
    const indentation = Math.min(...block.map((line) => line.search(/\S/)));
    return block.map((line) => line.slice(indentation)).join('\n');
  });
}

/**
 * Puts values in the place of what the document leaves to the operator: `<time>`.
 * @throws Error that names what has no value
 */
export function filled(block: string, values: Readonly<Record<string, string>> = {}): string {
  return block.replace(/<([A-Za-z][^<>|&$]*)>/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${placeholder} in:\n${block}`);
    return value;
  });
}

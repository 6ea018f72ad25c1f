import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';

/** Lines of a code block begin with four or more spaces. */
const CODE = /^ {4}/;

/**
 * Returns the blocks of commands between a heading of a document and the next heading, without their indentation.
 * @param heading the heading's text, without `#`
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
 * Replaces placeholders such as `<time>` by values.
 * @throws Error that names a placeholder without a value
 */
export function filled(block: string, values: Readonly<Record<string, string>> = {}): string {
  return block.replace(/<([A-Za-z][^<>|&$]*)>/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`no value for ${placeholder} in:\n${block}`);
    return value;
  });
}

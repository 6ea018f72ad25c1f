import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test as a document names it: `file`: "title". */
export interface NamedTest {
  readonly file: string;
  readonly title: string;
}

export function testsNamedIn(text: string): NamedTest[] {
  return [...text.matchAll(/`([^`\s]+\.ts)`: "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }));
}

/** Whether the file has a string that equals this title, of a test or of an attack. */
export function containsTest(root: string, { file, title }: NamedTest): boolean {
  const path = join(root, file);
  if (!existsSync(path)) return false;
  const source = readFileSync(path, 'utf8').replaceAll("\\'", "'");
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted));
}

import { workspaceRoot } from '@communique-tee/testing/harness';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface Page {
  /** The path relative to the root of the checkout. */
  readonly path: string;
  readonly text: string;
}

/** Reads README.md and every page under docs/. */
export async function readPages(root = workspaceRoot()): Promise<Page[]> {
  const names = (await readdir(join(root, 'docs'), { recursive: true }))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name));
  return Promise.all(
    ['README.md', ...names.sort()].map(async (path) => ({
      path: relative(root, join(root, path)),
      text: await readFile(join(root, path), 'utf8'),
    })),
  );
}

/** Returns each match, prefixed with the path of its page. */
export function findAll({ path, text }: Page, expression: RegExp): string[] {
  return [...text.matchAll(expression)].map(([, found = '']) => `${path}: ${found}`);
}

const WITHOUT_CODE = /^```[\s\S]*?^```|^ {4,}.*$|`[^`\n]*`/gm;

/** Returns the anchors that GitHub makes for the page's headings. */
export function anchorsOf({ text }: Page): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${String(n)}`;
    anchors.add(unique);
  }
  return anchors;
}

/** Returns the targets of links to files of the checkout, as `[path, anchor]`. */
export function linksOf({ text }: Page): [string, string][] {
  return [...text.replace(WITHOUT_CODE, '').matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor = ''] = target.split('#');
      return [path, anchor];
    });
}

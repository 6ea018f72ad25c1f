import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

/** A box of a Mermaid flowchart. */
export interface Box {
  readonly id: string;
  /** The file or folder that the box's label names. */
  readonly path: string | undefined;
  /** The subgraph that contains the box; empty if none does. */
  readonly subgraph: string;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  /** The text on the arrow; empty if it has none. */
  readonly label: string;
}

export interface Picture {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly arrows: readonly Arrow[];
}

/**
 * Reads the `flowchart` that follows a heading of a Markdown page. A box is written `id["label<br/>path"]`; the path is optional, and
 * contains a slash. An arrow is written `a --> b` or `a -- "label" --> b`.
 * @throws Error if the page has no such heading or picture
 */
export function pictureAfter(page: string, heading: string): Picture {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0];
  const source = section?.match(/```mermaid\n(flowchart[\s\S]*?)```/)?.[1];
  if (source === undefined) throw new Error(`no flowchart under "${heading}"`);
  const boxes = new Map<string, Box>();
  const arrows: Arrow[] = [];
  const open: string[] = [];
  for (const line of source.split('\n').map((text) => text.trim())) {
    const subgraph = /^subgraph (\w+)/.exec(line)?.[1];
    if (subgraph !== undefined) open.push(subgraph);
    else if (line === 'end') open.pop();
    const arrow = /^(\w+) --(?: "([^"]*)" --)?> (\w+)$/.exec(line);
    if (arrow?.[1] !== undefined && arrow[3] !== undefined)
      arrows.push({ from: arrow[1], to: arrow[3], label: arrow[2] ?? '' });
    const box = /^(\w+)\[+\(?"([^"]*)"\)?\]+$/.exec(line);
    if (box?.[1] !== undefined && box[2] !== undefined) {
      const last = box[2].split('<br/>').at(-1) ?? '';
      boxes.set(box[1], {
        id: box[1],
        path: /^[\w.-]+(\/[\w.-]+)+$/.test(last) ? last : undefined,
        subgraph: open.at(-1) ?? '',
      });
    }
  }
  return { boxes, arrows };
}

/** Which TypeScript files of this repository import which. Leaves out the imports of specs, `testing` and `generated`. */
export class Imports {
  private readonly aliases: ReadonlyMap<string, string>;
  private readonly known = new Map<string, readonly string[]>();

  constructor(private readonly root: string) {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile.bind(ts.sys)) as {
      config: { compilerOptions: { paths: Record<string, [string]> } };
    };
    this.aliases = new Map(Object.entries(config.compilerOptions.paths).map(([alias, [file]]) => [alias, file]));
  }

  /** @param from, to files or folders. @returns whether a file in `from` imports a file in `to` */
  has(from: string, to: string): boolean {
    return this.filesOf(from).some((file) => this.importsOf(file).some((target) => isWithin(target, to)));
  }

  /** Returns every import from one folder into another, as `file -> file`. */
  between(from: string, to: string): string[] {
    return this.filesOf(from).flatMap((file) =>
      this.importsOf(file)
        .filter((target) => isWithin(target, to))
        .map((target) => `${file} -> ${target}`),
    );
  }

  private filesOf(path: string): string[] {
    const absolute = join(this.root, path);
    if (statSync(absolute).isFile()) return [path];
    return readdirSync(absolute, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/\.spec\.ts$|(^|\/)(testing|generated)\//.test(name))
      .map((name) => join(path, name));
  }

  private importsOf(file: string): readonly string[] {
    const before = this.known.get(file);
    if (before !== undefined) return before;
    const { importedFiles } = ts.preProcessFile(readFileSync(join(this.root, file), 'utf8'), true, true);
    const found = importedFiles
      .map(({ fileName }) => this.resolve(file, fileName))
      .filter((target) => target !== undefined);
    this.known.set(file, found);
    return found;
  }

  private resolve(from: string, specifier: string): string | undefined {
    const alias = this.aliases.get(specifier);
    const base = alias ?? (specifier.startsWith('.') ? join(dirname(from), specifier) : undefined);
    if (base === undefined) return undefined;
    const path = [base, `${base}.ts`, `${base}/index.ts`, `${base}.mjs`].find((candidate) => {
      const absolute = join(this.root, candidate);
      return existsSync(absolute) && statSync(absolute).isFile();
    });
    return path === undefined ? undefined : relative(this.root, join(this.root, path));
  }
}

function isWithin(file: string, path: string): boolean {
  return file === path || file.startsWith(path + sep);
}

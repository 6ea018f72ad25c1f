import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { FLOORS } from '../floors.mjs';

/** An import between two files, with paths relative to the sources' folder. */
type Import = readonly [from: string, to: string];

const production = sourcesIn(__dirname);
const imports = importsOf(__dirname, production);

describe('the sources of the gateway', () => {
  it('are all on a floor that floors.mjs lists, and every listed floor exists', () => {
    expect(production.filter((file) => floorOf(file) === undefined)).toEqual([]);
    expect(FLOORS.filter((floor) => !production.some((file) => isWithin(file, floor)))).toEqual([]);
    expect(new Set(FLOORS).size).toBe(FLOORS.length);
  });

  it('have no import from a lower floor to a higher one', () => {
    expect(imports.length).toBeGreaterThan(300);
    expect(upward(imports)).toEqual([]);
  });

  it('have no cycle of imports between folders', () => {
    expect(cycles(imports, dirname)).toEqual([]);
  });

  it('have no cycle of imports between files', () => {
    expect(cycles(imports, (file) => file)).toEqual([]);
  });

  it('are searched by a function that finds an import from a lower floor to a higher one', () => {
    expect(
      upward([
        ['core/redis/a.ts', 'core/config/b.ts'],
        ['core/config/b.ts', 'features/auth/c.ts'],
      ]),
    ).toEqual(['core/config/b.ts -> features/auth/c.ts']);
  });

  it('are searched by a function that finds a cycle, even if one folder is inside another', () => {
    expect(
      cycles(
        [
          ['a/1.ts', 'b/1.ts'],
          ['b/2.ts', 'b/deep/1.ts'],
          ['b/deep/2.ts', 'a/2.ts'],
          ['c/1.ts', 'a/1.ts'],
        ],
        dirname,
      ),
    ).toEqual(['a/1.ts -> b/1.ts', 'b/2.ts -> b/deep/1.ts', 'b/deep/2.ts -> a/2.ts']);
  });
});

function isWithin(file: string, floor: string): boolean {
  return file === floor || file.startsWith(`${floor}/`);
}

function floorOf(file: string): number | undefined {
  const index = FLOORS.findIndex((floor) => isWithin(file, floor));
  return index === -1 ? undefined : index;
}

function upward(all: readonly Import[]): string[] {
  return all.filter(([from, to]) => (floorOf(from) ?? -1) < (floorOf(to) ?? -1)).map(arrow);
}

/** Returns the imports that are part of a cycle. `nodeOf` returns an import's folder, or the file itself. */
function cycles(all: readonly Import[], nodeOf: (file: string) => string): string[] {
  const between = all.filter(([from, to]) => nodeOf(from) !== nodeOf(to));
  const next = Map.groupBy(between, ([from]) => nodeOf(from));
  const reached = (start: string): Set<string> => {
    const seen = new Set<string>();
    const open = [start];
    for (let node = open.pop(); node !== undefined; node = open.pop())
      for (const [, to] of next.get(node) ?? []) {
        if (seen.has(nodeOf(to))) continue;
        seen.add(nodeOf(to));
        open.push(nodeOf(to));
      }
    return seen;
  };
  return between.filter(([from, to]) => reached(nodeOf(to)).has(nodeOf(from))).map(arrow);
}

function arrow([from, to]: Import): string {
  return `${from} -> ${to}`;
}

/** Files that ship: without specs, test doubles and what Prisma generates. */
function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/\.spec\.ts$|(^|\/)(testing|generated)\//.test(file),
  );
}

/** The relative imports of these files, type imports included. Imports of generated files and test doubles are left out. */
function importsOf(folder: string, files: readonly string[]): Import[] {
  const known = new Set(files);
  return files.flatMap((from) =>
    ts
      .preProcessFile(readFileSync(join(folder, from), 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => join(dirname(from), `${fileName}.ts`))
      .filter((to) => known.has(to))
      .map((to): Import => [from, to]),
  );
}

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const metafileSchema = z.object({
  inputs: z.record(z.string(), z.object({ imports: z.array(z.object({ path: z.string() })) })),
  outputs: z.record(z.string(), z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) })),
});
const lockfileSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dependencies: z.record(z.string(), z.string()).default({}),
      optionalDependencies: z.record(z.string(), z.string()).default({}),
      peerDependencies: z.record(z.string(), z.string()).default({}),
      peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean().optional() })).default({}),
    }),
  ),
});

export type Lockfile = z.infer<typeof lockfileSchema>['packages'];

export interface Imported {
  /** Places in the lockfile (node_modules/a) of the packages that our own files import directly. */
  readonly places: readonly string[];
  /** Size of our own files when compiled. */
  readonly ownBytes: number;
}

const placeOf = (path: string) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0];

/** @param metafile the file that esbuild wrote beside the bundle */
export function importedBy(metafile: string): Imported {
  const { inputs, outputs } = metafileSchema.parse(JSON.parse(readFileSync(metafile, 'utf8')));
  const places = Object.entries(inputs).flatMap(([input, { imports }]) =>
    placeOf(input) === undefined ? imports.flatMap(({ path }) => placeOf(path) ?? []) : [],
  );
  const own = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).filter(([input]) => placeOf(input) === undefined),
  );
  return {
    places: [...new Set(places)].sort(),
    ownBytes: own.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0),
  };
}

export const readLockfile = (root: string): Lockfile =>
  lockfileSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))).packages;

/** Returns what `npm install --omit=dev` would install on this platform: these packages, their dependencies and their peers. */
export function installedWith(
  places: readonly string[],
  lockfile: Lockfile,
  isThere: (place: string) => boolean,
): string[] {
  const found = new Set<string>();
  const take = (place: string): void => {
    if (found.has(place)) return;
    found.add(place);
    const entry = lockfile[place];
    if (entry === undefined) throw new Error(`package-lock.json does not know ${place}`);
    const peers = Object.keys(entry.peerDependencies).filter(
      (name) => entry.peerDependenciesMeta[name]?.optional !== true,
    );
    for (const name of [...Object.keys(entry.dependencies), ...peers]) {
      const at = resolve(name, place, lockfile);
      if (at === undefined && !(name in entry.optionalDependencies))
        throw new Error(`package-lock.json has no ${name} for ${place}`);
      if (at !== undefined) take(at);
    }
    for (const name of Object.keys(entry.optionalDependencies)) {
      const at = resolve(name, place, lockfile);
      if (at !== undefined && isThere(at)) take(at);
    }
  };
  for (const place of places) take(place);
  return [...found].sort();
}

export const isInstalledIn = (root: string) => (place: string) => existsSync(join(root, place));

/** Finds a package as Node does: in the node_modules of the importing package, then in each folder above. */
function resolve(name: string, from: string, lockfile: Lockfile): string | undefined {
  for (let inside = from; ; inside = inside.slice(0, Math.max(0, inside.lastIndexOf('/node_modules/')))) {
    const place = inside === '' ? `node_modules/${name}` : `${inside}/node_modules/${name}`;
    if (lockfile[place] !== undefined) return place;
    if (inside === '') return undefined;
  }
}

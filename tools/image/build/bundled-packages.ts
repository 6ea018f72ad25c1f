import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { lockedPackage, type Lockfile, type NpmPackage } from './npm-package';

const metafileSchema = z.object({ inputs: z.record(z.string(), z.unknown()) });

/** Returns the npm packages that have at least one file in a bundle (by esbuild's metafile), as the lockfile pins them. */
export function bundledPackages(metafile: string, lockfile: Lockfile): NpmPackage[] {
  const { inputs } = metafileSchema.parse(JSON.parse(readFileSync(metafile, 'utf8')));
  const places = new Set<string>();
  for (const input of Object.keys(inputs)) {
    const place = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
    if (place !== undefined) places.add(place);
  }
  return [...places].sort().map((place) => lockedPackage(lockfile, place));
}

import { createRequire } from 'node:module';
import { sep } from 'node:path';

import { restoreAfterEachSpec, keepGlobalsAddedBy } from './worker-state';

/** Packages that jest's own loader loads for each spec file, with the reason. */
const NOT_SHARED: readonly (readonly [name: string, reason: string])[] = [
  ['jest-circus', 'it keeps the tests of the running spec file'],
];

/** Packages with static properties that spec files set, with the objects and the reason. The properties are restored after each spec file. */
const STATICS: readonly (readonly [folder: string, objects: () => object[], reason: string])[] = [
  [
    '@nestjs',
    () => [(workersRequire('@nestjs/common') as { Logger: object }).Logger],
    'an application that starts sets the logger of all others',
  ],
];

const workersRequire = createRequire(__filename);
const FOLDER = `${sep}node_modules${sep}`;
const loaded = new Set<string>();

/**
 * Whether a file is loaded once per worker, with Node's own require: every file of a package, except .wasm files and the packages of
 * NOT_SHARED. A module that a spec passes to `jest.mock` never reaches this function. Only our own files see the mock.
 */
export function isShared(file: string): boolean {
  return file.includes(FOLDER) && !file.endsWith('.wasm') && !NOT_SHARED.some(([name]) => isOf(name, file));
}

/** Returns the exports of a package's file, CommonJS or ES module. Loads it once per worker. */
export function requirePackage(file: string): unknown {
  if (loaded.has(file)) return workersRequire(file);
  const exports: unknown = keepGlobalsAddedBy(() => workersRequire(file) as unknown);
  loaded.add(file);
  for (const [folder, objects] of STATICS) if (isOf(folder, file)) restoreAfterEachSpec(objects());
  return exports;
}

const isOf = (folder: string, file: string) => file.includes(`${FOLDER}${folder}${sep}`);

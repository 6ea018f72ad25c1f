// Loads Prisma's schema engine from @prisma/schema-engine-wasm. The package has only a build for bundlers, so this file instantiates the
// module itself.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

import { adapterFactory } from './adapter.mjs';

const require = createRequire(import.meta.url);
const BINDINGS = '@prisma/schema-engine-wasm/schema_engine_bg';

export const engineVersion = () =>
  JSON.parse(readFileSync(new URL('package.json', import.meta.resolve('@prisma/schema-engine-wasm')), 'utf8')).version;

let lastPanic;
/** Returns and forgets the engine's message about a panic, because the exception of a WebAssembly trap has no message. */
export const takePanic = () => {
  const message = lastPanic;
  lastPanic = undefined;
  return message;
};

async function instantiate() {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => void (lastPanic = message) };
  const file = require.resolve(BINDINGS).replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  /** @type {() => void} */ (instance.exports.__wbindgen_start)();
}

/** @param {{ datamodels: string[], url: string | undefined }} options */
export async function loadEngine({ datamodels, url }) {
  await instantiate();
  /** @type {[string, string][]} */
  const schemas = datamodels.map((path) => [path, readFileSync(path, 'utf8')]);
  const log = (line) => process.stderr.write(line.endsWith('\n') ? line : `${line}\n`);
  // Some calls, such as the diff of two schemas, need no database. The factory connects only for a call that needs one.
  return bindings.SchemaEngine.new(
    { datamodels: schemas.length > 0 ? schemas : undefined },
    log,
    adapterFactory(url ?? 'postgresql://127.0.0.1:1/none'),
  );
}

// Loads Prisma's schema engine from @prisma/schema-engine-wasm (its bundler build: the module is instantiated by hand).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

import { adapterFactory } from './adapter.mjs';

const require = createRequire(import.meta.url);
const BINDINGS = '@prisma/schema-engine-wasm/schema_engine_bg';

export const engineVersion = () =>
  JSON.parse(readFileSync(new URL('package.json', import.meta.resolve('@prisma/schema-engine-wasm')), 'utf8')).version;

let lastPanic;
/** What the engine said when it panicked: the exception of a WebAssembly trap carries no message. */
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
  // Some calls (diff of two schemas) need no database; the factory connects only when one does.
  return bindings.SchemaEngine.new(
    { datamodels: schemas.length > 0 ? schemas : undefined },
    log,
    adapterFactory(url ?? 'postgresql://127.0.0.1:1/none'),
  );
}

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Returns the solver's WebAssembly file. In a bundle the build puts its bytes here (tools/dev/build/plugins/worker-programs.mjs). */
export function acvmFile(): Uint8Array {
  return readFileSync(join(dirname(require.resolve('@noir-lang/acvm_js')), 'acvm_js_bg.wasm'));
}

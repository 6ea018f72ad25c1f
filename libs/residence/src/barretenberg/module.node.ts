import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { webAssembly } from './web-assembly';

/** SHA-256 of the decompressed barretenberg.wasm of @aztec/bb.js 5.0.0 for pages without shared memory. */
export const BARRETENBERG_SHA256 = 'aa2902495552835d386f23a78968485631bec9840484e63f4340a31fc69ca169';

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Returns Barretenberg, compiled once for the process. Worker threads can use the same module. A bundle contains the file (3.1 MB), and the
 * first call reads it.
 * @throws Error if the package has another file
 */
export function barretenbergModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const { default: url } = (await import('@communique-tee/barretenberg-file')) as { readonly default: string };
  const bytes = gunzipSync(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));
  if (createHash('sha256').update(bytes).digest('hex') !== BARRETENBERG_SHA256)
    throw new Error('the barretenberg.wasm of @aztec/bb.js is not the pinned file');
  return webAssembly.compile(bytes);
}

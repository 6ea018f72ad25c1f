import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';
import type { Row } from '../measure';

/** The files that the build makes for proving in a page, and a script that proves with them. */
export interface ProvingFiles {
  readonly files: Readonly<Record<string, { readonly contentType: string; readonly gzipBase64: string }>>;
  /** Bytes: the enclave's bundle, and the proof system's file in that bundle. */
  readonly enclave: { readonly bundle: number; readonly proofSystem: number };
}

const IN_PAGE = `
import { createProver } from '@communique-tee/residence/prover/browser';
export async function timesOf({ files, witness, times }) {
  const publicInputs = Object.fromEntries(
    Object.entries(witness.publicInputs).map(([name, bytes]) => [name, Uint8Array.from(bytes)]),
  );
  const prover = createProver(files);
  const ms = [];
  for (let at = 0; at < times; at++) {
    const startedMs = performance.now();
    await prover.prove({ ...witness, publicInputs });
    ms.push(performance.now() - startedMs);
  }
  prover.close();
  return ms;
}
`;

const BUILD = `
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
const { asBuiltFiles, buildPage } = await import('./tools/dev/build/page.mjs');
const { bundleOptions } = await import('./tools/dev/build/bundle-options.mjs');
const { smallZod, unusedLibrariesLeft } = await import('./tools/dev/build/plugins/small-zod.mjs');
const root = process.cwd();
const { files } = await buildPage(root);
const { outputFiles } = await build({
  stdin: { contents: process.argv[1], resolveDir: root },
  bundle: true, write: false, format: 'esm', platform: 'browser', tsconfig: 'tsconfig.base.json',
  plugins: [smallZod(root), unusedLibrariesLeft(root)],
});
const bench = { name: 'bench.js', contentType: 'text/javascript', gzip: gzipSync(outputFiles[0].contents) };
const options = bundleOptions({ app: 'enclave', outdir: tmpdir() });
const plugins = options.plugins.filter(({ name }) => !name.endsWith('-beside-bundle'));
const enclave = await build({ ...options, plugins: [...plugins, { name: 'external', setup: (b) => b.onResolve({ filter: /koffi/ }, ({ path }) => ({ path, external: true })) }], write: false });
const [[, proofSystem]] = Object.entries(enclave.metafile.inputs).filter(([path]) => path.endsWith('/fetch_code/browser/barretenberg.js'));
const all = asBuiltFiles([...files.filter(({ name }) => /^(proving|barretenberg|acvm)-/.test(name)), bench]);
process.stdout.write(JSON.stringify({
  files: Object.fromEntries(all.map(({ name, ...file }) => [name, file])),
  enclave: { bundle: enclave.outputFiles[0].contents.length, proofSystem: proofSystem.bytes },
}));
`;

export async function provingFiles(): Promise<ProvingFiles> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', BUILD, IN_PAGE], {
    cwd: workspaceRoot(),
    maxBuffer: 64 * 2 ** 20,
  });
  return JSON.parse(stdout) as ProvingFiles;
}

/** Returns the sizes of the files that a page downloads before its first proof, and of the enclave's bundle. */
export function sizeRows({ files, enclave }: ProvingFiles): Row[] {
  const MIB = 2 ** 20;
  const row = (what: string, bytes: number, note?: string): Row => ({
    what,
    value: bytes / MIB,
    unit: 'MiB',
    ...(note === undefined ? {} : { note }),
  });
  const transferred = Object.entries(files)
    .filter(([name]) => name !== 'bench.js')
    .map(([name, { gzipBase64 }]) => ({ name, bytes: Buffer.byteLength(gzipBase64, 'base64') }));
  const referenceString = 262_208;
  const total = transferred.reduce((sum, { bytes }) => sum + bytes, referenceString);
  return [
    ...transferred.map(({ name, bytes }) => row(`page loads ${name.replace(/-[0-9a-f]+\./, '.')}`, bytes)),
    row('page loads the reference string', referenceString),
    row('page loads in all, once', total, 'with gzip'),
    row("enclave's bundle", enclave.bundle),
    row("enclave's bundle, the proof system in it", enclave.proofSystem),
  ];
}

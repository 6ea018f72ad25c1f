// Puts the programs of worker threads and the file that a prover reads into a bundle, so that the bundle needs no other files.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const ACVM_FILE = 'node_modules/@noir-lang/acvm_js/web/acvm_js_bg.wasm';

/** @param {import('./worker-programs.mjs').WorkerProgramsOptions} options */
export const workerPrograms = ({ root, onInput }) => ({
  name: 'worker-programs',
  setup(build) {
    build.onLoad({ filter: /[\\/]libs[\\/]residence[\\/]src[\\/][a-z]+[\\/]program\.node\.ts$/ }, async ({ path }) => {
      const { outputFiles, metafile } = await build.esbuild.build({
        absWorkingDir: root,
        entryPoints: [join(path, '..', 'thread.node.ts')],
        tsconfig: join(root, 'tsconfig.base.json'),
        bundle: true,
        platform: 'node',
        target: 'node24',
        format: 'cjs',
        charset: 'utf8',
        legalComments: 'none',
        write: false,
        metafile: true,
        logLevel: 'silent',
      });
      const inputs = Object.keys(metafile.inputs).map((input) => join(root, input));
      for (const input of inputs) onInput?.(input);
      return {
        contents: `export const threadProgram = () => ${JSON.stringify(outputFiles[0].text)};\n`,
        loader: 'js',
        watchFiles: inputs,
      };
    });
    build.onLoad({ filter: /[\\/]libs[\\/]residence[\\/]src[\\/]prover[\\/]acvm-file\.node\.ts$/ }, async () => {
      onInput?.(join(root, ACVM_FILE));
      const file = gzipSync(await readFile(join(root, ACVM_FILE)), { level: 9 }).toString('base64');
      const contents = `import { gunzipSync } from 'node:zlib';
export const acvmFile = () => gunzipSync(Buffer.from(${JSON.stringify(file)}, 'base64'));
`;
      return { contents, loader: 'js' };
    });
  },
});

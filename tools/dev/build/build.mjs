// node tools/dev/build/build.mjs <enclave|gateway> [--dev] [--outdir <folder>] [--target <platform-arch>] [--entry <file>]
// One CommonJS file per app, dist/apps/<app>/main.js, with what went into it beside it (meta.json).
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';

import { build, formatMessages } from 'esbuild';

import { appNames, bundleOptions, metafileOf, root } from './bundle-options.mjs';

function parseArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dev: { type: 'boolean' },
      outdir: { type: 'string' },
      target: { type: 'string' },
      entry: { type: 'string' },
    },
  });
  const [app, ...rest] = positionals;
  if (!appNames.includes(app) || rest.length > 0) throw new Error('which app?');
  return { app, ...values };
}

let what;
try {
  what = parseArguments();
} catch (error) {
  console.error(
    `${error.message}\nusage: node tools/dev/build/build.mjs <${appNames.join('|')}> [--dev] [--outdir <folder>] [--target <platform-arch>] [--entry <file>]`,
  );
  process.exit(2);
}
const startedAtMs = performance.now();
const options = bundleOptions(what);
try {
  const { metafile, warnings } = await build(options);
  for (const text of await formatMessages(warnings, { kind: 'warning' })) console.error(text);
  await writeFile(metafileOf(options.outfile), `${JSON.stringify(metafile)}\n`);
  const [output] = Object.values(metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
  const inputs = Object.keys(metafile.inputs).length;
  console.log(
    `${relative(root, options.outfile)}: ${(output.bytes / 1e6).toFixed(2)} MB from ${inputs} files in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`,
  );
} catch (error) {
  if (!Array.isArray(error.errors)) throw error;
  for (const text of await formatMessages(error.errors, { kind: 'error', color: process.stderr.isTTY }))
    console.error(text);
  process.exitCode = 1;
}

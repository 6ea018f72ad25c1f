// node tools/dev/build/build.mjs <app>: bundles an app into one CommonJS file, dist/apps/<app>/main.js. Also writes the list of its inputs
// (meta.json) and the licenses of its packages.
import { writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

import { Argument, Command } from 'commander';
import { build, formatMessages } from 'esbuild';

import { writeLicenses } from './licenses.mjs';
import { appNames, bundleOptions, metafileOf, root } from './bundle-options.mjs';

const command = new Command('node tools/dev/build/build.mjs')
  .description(
    'Builds one app into one CommonJS file, dist/apps/<app>/main.js, and writes the list of its inputs beside it.',
  )
  .addArgument(new Argument('<app>').choices(appNames))
  .option('--dev', 'the development entry')
  .option('--outdir <folder>', 'where the bundle goes')
  .option(
    '--target <platform-arch>',
    'the platform whose native parts are copied beside the bundle, such as linux-arm64',
  )
  .option('--entry <file>', "an entry file in place of the app's own")
  .showHelpAfterError('usage: node tools/dev/build/build.mjs <app>; --help lists the options')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const what = { app: command.args[0], ...command.opts() };
const startedAtMs = performance.now();
const options = bundleOptions(what);
try {
  const { metafile, warnings } = await build(options);
  for (const text of await formatMessages(warnings, { kind: 'warning' })) console.error(text);
  await writeFile(metafileOf(options.outfile), `${JSON.stringify(metafile)}\n`);
  if (!command.opts().dev) writeLicenses(root, metafile, dirname(options.outfile));
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

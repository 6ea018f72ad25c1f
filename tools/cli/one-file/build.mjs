#!/usr/bin/env node
// node tools/cli/one-file/build.mjs [--out <folder>] [--installed]: builds communique-tee.mjs, and communique-tee.mjs.sha256 beside it.
// Runs on plain Node, without the packages of the project.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

import { bundleVerifier, writeVerifier } from './bundle.mjs';
import { installPackages } from './packages.mjs';

const HELP = `Usage: node tools/cli/one-file/build.mjs [options]

Builds communique-tee.mjs, the command for auditors in one file, and communique-tee.mjs.sha256 beside it.
The same sources and package-lock.json give the same bytes.

Options:
  --out <folder>  the folder of both files (default: dist/auditors)
  --installed     use the packages in node_modules. This is the default if the whole project is installed. Otherwise npm
                  installs the few needed packages into .cache/one-file, as package-lock.json pins them
  -h, --help      print this help

Exit code
  0  built
  1  not built, and why
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
let options;
try {
  options = parseArgs({
    options: {
      out: { type: 'string', default: join(root, 'dist', 'auditors') },
      installed: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }).values;
} catch (error) {
  process.stderr.write(
    `${error.message}\nusage: node tools/cli/one-file/build.mjs [--out <folder>] [--installed]; --help explains them\n`,
  );
  process.exit(2);
}
if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
try {
  const whole = join(root, 'node_modules');
  const isInstalled = options.installed || existsSync(join(whole, '.package-lock.json'));
  const packages = isInstalled ? whole : installPackages(root, join(root, '.cache', 'one-file'));
  const file = await bundleVerifier(root, packages);
  const path = writeVerifier(file, resolve(options.out));
  process.stdout.write(`${file.sha256}  ${path}\n`);
  process.stderr.write(
    `version ${file.version}, ${file.bytes.length} bytes (${gzipSync(file.bytes, { level: 9 }).length} with gzip)\n`,
  );
} catch (error) {
  process.stderr.write(`not built: ${error.message}\n`);
  process.exitCode = 1;
}

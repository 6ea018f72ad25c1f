// node tools/dev/setup/with-install.mjs <demo|test|lab> [arguments]
// Installs what is missing. Then runs the script `<name>:run`, or `<name>`, of package.json on the workspace's own Node. This file itself
// needs only Node 20, because newcomers and CI run it before anything is installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ensureInstalled } from './install.mjs';
import { isInstalled } from './installed.mjs';
import { makeNodeReady, makeReady, READY } from './ready.mjs';
import { runChild } from './run-child.mjs';
import { ensureTestTools } from './test-tools.mjs';
import { root, say } from './workspace.mjs';

const [name, ...args] = process.argv.slice(2);
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const script = scripts[`${name}:run`] ?? scripts[name];
const USAGE = 'usage: node tools/dev/setup/with-install.mjs <demo|test|lab> [arguments]';
if (name === '--help' || name === '-h') {
  console.log(USAGE);
  process.exit(0);
}
if (script === undefined) {
  say(USAGE);
  process.exit(2);
}

// --help needs only the packages, and installs nothing.
const help = args.some((argument) => argument === '--help' || argument === '-h');
if (help && !isInstalled()) {
  say(`npm run ${name} installs the packages first. To see its options: npm ci && npm run ${name} -- --help`);
  process.exit(0);
}
if (!help && !(await ensureInstalled())) process.exit(1);
if (!(help ? makeNodeReady() : makeReady())) process.exit(1);
if (!help && name === 'test' && !(await ensureTestTools())) process.exit(1);

// `npm test` leaves the long specs to .ci/run, unless an argument names one. This option comes last, because jest takes every argument
// after it for another pattern.
if (!help && name === 'test' && !args.some((argument) => /\.long\b/.test(argument)))
  args.push('--testPathIgnorePatterns', String.raw`\.long\.integration\.spec\.ts$`);

// Everything is ready, so the script's first step is skipped. With `exec` the command replaces the shell, so that it gets signals itself.
const command = script.startsWith(READY) ? script.slice(READY.length) : script;
process.exitCode = await runChild('/bin/sh', ['-c', `exec ${command} "$@"`, 'sh', ...args]);

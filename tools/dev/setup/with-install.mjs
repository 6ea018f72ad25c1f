// node tools/dev/setup/with-install.mjs <demo|test|lab> [arguments]: what a newcomer or CI types first, so it installs what is
// missing, then runs the script `<name>:run`, or `<name>`, of package.json on the workspace's own Node. Plain Node 20, no packages.
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

// Help installs nothing, and needs only the packages.
const help = args.some((argument) => argument === '--help' || argument === '-h');
if (help && !isInstalled()) {
  say(`npm run ${name} installs the packages first. To see its options: npm ci && npm run ${name} -- --help`);
  process.exit(0);
}
if (!help && !(await ensureInstalled())) process.exit(1);
if (!(help ? makeNodeReady() : makeReady())) process.exit(1);
if (!help && name === 'test' && !(await ensureTestTools())) process.exit(1);

// `npm test` leaves the long specs to .ci/run, unless an argument names one. Last, as jest takes what follows for more patterns.
if (!help && name === 'test' && !args.some((argument) => /\.long\b/.test(argument)))
  args.push('--testPathIgnorePatterns', String.raw`\.long\.integration\.spec\.ts$`);

// Everything is ready by now. exec: the command takes the shell's place, so that signals and the exit code are its own.
const command = script.startsWith(READY) ? script.slice(READY.length) : script;
process.exitCode = await runChild('/bin/sh', ['-c', `exec ${command} "$@"`, 'sh', ...args]);

// node tools/dev/build/serve.mjs <enclave|gateway> [--serve-entry <file>] [--serve-outdir <folder>] [--serve-inspect <port>] [arguments of
// the app]: builds the development entry and runs it, and does both again whenever a source changes. If a build fails, the last working
// build keeps running. With --serve-inspect Node's inspector listens on that port of 127.0.0.1.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { context, formatMessages } from 'esbuild';

import { bundleOptions, root } from './bundle-options.mjs';

const [app, ...rest] = process.argv.slice(2);
const entry = takeOption('--serve-entry');
const outdir = takeOption('--serve-outdir');
const inspect = takeOption('--serve-inspect');
const USAGE = `usage: node tools/dev/build/serve.mjs <enclave|gateway> [options of the enclave]`;
/** The exit code of an app that does not understand its arguments. */
const EXIT_NOT_UNDERSTOOD = 2;
if ([app, ...rest].some((word) => word === '--help' || word === '-h')) {
  console.log(`${USAGE}
Builds the development entry and runs it, and does both again when a source changes.

  --serve-inspect <port>       Node's inspector, on this port of 127.0.0.1
  --config <file>              of the enclave (default: apps/enclave/config/development.json)
  --development-root <folder>  of the enclave: where the mock's root key is kept (default: .dev/nsm)

The gateway takes no options. It reads its environment variables, also from .env (.env.example lists them).

Exit code
  0  ended by a signal
  2  an argument was not understood: the error names it, and --help lists the arguments

If the app ends by itself (for example with 78, because of its configuration), this command waits and starts it again when a source changes.`);
  process.exit(0);
}
if (!['enclave', 'gateway'].includes(app) || (app === 'gateway' && rest.length > 0)) {
  console.error(USAGE);
  process.exit(EXIT_NOT_UNDERSTOOD);
}
const STOP_GRACE_MS = 10_000;
const options = bundleOptions({ app, dev: true, entry, outdir });

/** How each app is run. The enclave gets no environment variables, as in the image. */
const RUN = {
  enclave: () => ({
    node: [],
    args: rest.some((word) => /^--config(=|$)/.test(word))
      ? rest
      : ['--config', 'apps/enclave/config/development.json', ...rest],
    env: {},
  }),
  gateway: () => ({
    node: existsSync(join(root, '.env')) ? [`--env-file-if-exists=${join(root, '.env')}`] : [],
    args: rest,
    env: process.env,
  }),
};

const inspector = inspect === undefined ? [] : [`--inspect=127.0.0.1:${inspect}`];

let child;
let stopping = false;

function start() {
  const { node, args, env } = RUN[app]();
  child = spawn(process.execPath, ['--enable-source-maps', ...inspector, ...node, options.outfile, ...args], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  const mine = child;
  child.once('error', (error) => console.error(`serve: ${app} could not be started: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (mine !== child || stopping) return;
    child = undefined;
    // With the same arguments the app would fail again.
    if (code === EXIT_NOT_UNDERSTOOD) process.exit(code);
    console.error(`serve: ${app} ended (${signal ?? code}); it starts again when a source changes`);
  });
}

async function stop() {
  const ending = child;
  child = undefined;
  if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
  const ended = new Promise((resolve) => ending.once('exit', resolve));
  ending.kill('SIGTERM');
  const timer = setTimeout(() => ending.kill('SIGKILL'), STOP_GRACE_MS);
  await ended;
  clearTimeout(timer);
}

let restarting = Promise.resolve();
const restartAfterBuild = {
  name: 'restart-after-build',
  setup(build) {
    let startedAtMs = 0;
    build.onStart(() => void (startedAtMs = performance.now()));
    build.onEnd(async ({ errors, warnings }) => {
      for (const text of await formatMessages(errors, { kind: 'error' })) console.error(text);
      for (const text of await formatMessages(warnings, { kind: 'warning' })) console.error(text);
      if (errors.length > 0 || stopping) return;
      console.error(`serve: built ${app} in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
      restarting = restarting.then(stop).then(() => void (stopping || start()));
    });
  },
};

const watcher = await context({ ...options, plugins: [...options.plugins, restartAfterBuild] });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await restarting;
    await stop();
    await watcher.dispose();
    process.exit(0);
  });
}
await watcher.watch();

/** Removes an option of this command from the app's arguments, and returns its value. */
function takeOption(name) {
  const at = rest.indexOf(name);
  return at < 0 ? undefined : rest.splice(at, 2)[1];
}

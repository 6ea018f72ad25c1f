// Runs npm ci if node_modules is missing or was installed from another lockfile.
import { spawn } from 'node:child_process';

import { explainFailure } from './explain-install-failure.mjs';
import { isInstalled } from './installed.mjs';
import { root, say, seconds } from './workspace.mjs';

/** @returns {Promise<boolean>} whether everything is installed. If not, the reason was printed. */
export async function ensureInstalled() {
  if (isInstalled()) return true;
  say('Installing the packages of package-lock.json (npm ci); this takes one to two minutes ...');
  const startedAtMs = performance.now();
  const { code, output } = await npmCi(startedAtMs);
  if (code === 0) {
    say(`Installed in ${seconds(startedAtMs)}.`);
    return true;
  }
  say(`\nThe installation failed after ${seconds(startedAtMs)}.\n${explainFailure(output)}`);
  return false;
}

function npmCi(startedAtMs) {
  // Use the npm that runs this script, even if it is not on PATH. --ignore-scripts, because a variable of the environment could override
  // .npmrc.
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm?.endsWith('.js')
    ? [process.execPath, npm, 'ci', '--ignore-scripts']
    : ['npm', 'ci', '--ignore-scripts'];
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const progress = setInterval(
    () => {
      if (process.stderr.isTTY) process.stderr.write(`\r  ${seconds(startedAtMs)} `);
      else say(`  still installing, ${seconds(startedAtMs)}`);
    },
    process.stderr.isTTY ? 1000 : 20_000,
  );
  const forward = (signal) => void child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve) => {
    const end = (code) => {
      clearInterval(progress);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      if (process.stderr.isTTY) process.stderr.write('\r');
      resolve({ code, output });
    };
    child.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      output += `npm error code ${error.code}\nnpm error ${error.message}\n`;
      end(1);
    });
    child.once('close', (code) => end(code ?? 1));
  });
}

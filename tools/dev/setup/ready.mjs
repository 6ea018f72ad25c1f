// node tools/dev/setup/ready.mjs makes what a checkout needs beyond its packages: a Node that can run it, and the generated Prisma client.
// It is the first step of the npm scripts, because npm runs nothing at install (.npmrc). It runs on plain Node 20 without packages.
import { fileURLToPath } from 'node:url';

import { checkNode, linkNode } from './node-version.mjs';
import { ensurePrismaClient } from './prisma-client.mjs';
import { say } from './workspace.mjs';

/**
 * The npm scripts begin with this text, then `env node`. `env` finds the Node that this step has linked. With plain `node` the shell would
 * use the path that it remembers from this step.
 */
export const READY = 'node tools/dev/setup/ready.mjs && ';

/** @returns {boolean} whether Node can run the project; if not, it has printed what is wrong */
export function makeNodeReady() {
  linkNode();
  const problem = checkNode();
  if (problem !== undefined) say(problem);
  return problem === undefined;
}

/** @returns {boolean} whether everything is ready; if not, it has printed what is wrong */
export const makeReady = () => makeNodeReady() && ensurePrismaClient();

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const USAGE = 'usage: node tools/dev/setup/ready.mjs';
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') console.log(USAGE);
  else if (argument !== undefined) {
    say(USAGE);
    process.exitCode = 2;
  } else process.exitCode = makeReady() ? 0 : 1;
}

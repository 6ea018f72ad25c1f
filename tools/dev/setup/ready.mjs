// node tools/dev/setup/ready.mjs: what a checkout needs beyond its packages. It is the first step of the npm scripts, because npm
// runs nothing at install (.npmrc): a Node that can run this, and the generated Prisma client. Plain Node 20, no packages.
import { fileURLToPath } from 'node:url';

import { checkNode, linkNode } from './node-version.mjs';
import { ensurePrismaClient } from './prisma-client.mjs';
import { say } from './workspace.mjs';

/** What npm scripts begin with. `env node` follows, not `node`: the shell would take the one that it has just started again. */
export const READY = 'node tools/dev/setup/ready.mjs && ';

/** @returns {boolean} whether Node can run this; what is wrong has been said */
export function makeNodeReady() {
  linkNode();
  const problem = checkNode();
  if (problem !== undefined) say(problem);
  return problem === undefined;
}

/** @returns {boolean} whether everything is there; what is wrong has been said */
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

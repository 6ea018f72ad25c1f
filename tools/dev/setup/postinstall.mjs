// After every npm install: is there a Node that can run this, the generated Prisma client, and a note of what was installed.
import { stampInstall } from './install-stamp.mjs';
import { checkNode, linkNode } from './node-version.mjs';
import { ensurePrismaClient } from './prisma-client.mjs';
import { say } from './workspace.mjs';

// `npx communique-tee`: npm links this checkout into its cache and calls here, where nothing was installed. tools/cli/bin.mjs sees to it.
if (process.env.npm_command === 'exec') process.exit(0);

linkNode();
const problem = checkNode();
if (problem !== undefined) {
  say(problem);
  process.exit(1);
}
if (!ensurePrismaClient()) process.exit(1);
stampInstall();

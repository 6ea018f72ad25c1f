// After every npm install: is there a Node that can run this, the generated Prisma client, and a note of what was installed.
import { stampInstall } from './install-stamp.mjs';
import { checkNode, linkNode } from './node-version.mjs';
import { ensurePrismaClient } from './prisma-client.mjs';
import { say } from './workspace.mjs';

linkNode();
const problem = checkNode();
if (problem !== undefined) {
  say(problem);
  process.exit(1);
}
if (!ensurePrismaClient()) process.exit(1);
stampInstall();

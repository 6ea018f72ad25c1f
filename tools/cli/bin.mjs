#!/usr/bin/env node
// Runs on plain Node 20. Installs what is missing, then runs main.ts on the workspace's own Node, in the current folder.
import { join } from 'node:path';

import { ensureInstalled } from '../dev/setup/install.mjs';
import { makeNodeReady } from '../dev/setup/ready.mjs';
import { runChild } from '../dev/setup/run-child.mjs';
import { root } from '../dev/setup/workspace.mjs';

const NOT_REACHED = 3;

if (!(await ensureInstalled()) || !makeNodeReady()) process.exit(NOT_REACHED);
const script = 'cd -- "$0" && exec node "$@"';
process.exitCode = await runChild('/bin/sh', [
  '-c',
  script,
  process.cwd(),
  join(root, 'tools', 'run.mjs'),
  join(root, 'tools', 'cli', 'main.ts'),
  ...process.argv.slice(2),
]);

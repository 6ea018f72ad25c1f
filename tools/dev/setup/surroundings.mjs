// node tools/dev/setup/surroundings.mjs prints what tests depend on and the repository does not contain, as one line of JSON. Nx hashes
// this line, so a test that passed without Redis or without the shared vectors runs again when these appear.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { presentTools } from './test-tools.mjs';
import { root } from './workspace.mjs';

const vectors = join(root, '..', 'shared', 'vectors');
const files = existsSync(vectors) ? readdirSync(vectors, { recursive: true, encoding: 'utf8' }).sort() : [];
// `npm run lab -- judges` installs these programs, in cacheFolder() of libs/testing/harness.
const { COMMUNIQUE_CACHE_DIR, XDG_CACHE_HOME, HOME } = process.env;
const kept = COMMUNIQUE_CACHE_DIR || join(XDG_CACHE_HOME || join(HOME || homedir(), '.cache'), 'communique-tee');
const judges = existsSync(kept) ? readdirSync(kept).filter((name) => existsSync(join(kept, name, 'complete'))) : [];
console.log(
  JSON.stringify({
    tools: presentTools(),
    judges: judges.sort(),
    vectors: files.map((name) => {
      const { size, mtimeMs } = statSync(join(vectors, name));
      return [name, size, mtimeMs];
    }),
  }),
);

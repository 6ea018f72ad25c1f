// node tools/run.mjs libs/transparency/src/testing/write-vectors.ts: writes note-vectors.json.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { makeVectors } from './make-vectors';

const file = join(workspaceRoot(), 'libs/transparency/src/testing/note-vectors.json');
writeFileSync(file, `${JSON.stringify(makeVectors(), null, 2)}\n`);

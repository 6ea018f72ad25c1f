// Generates the gateway's Prisma client if the schema or the lockfile has changed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { bin, root, say, workspaceEnvironment } from './workspace.mjs';

const schema = join(root, 'prisma', 'schema.prisma');
const generated = join(root, 'apps', 'gateway', 'src', 'core', 'database', 'generated');
const stampFile = join(generated, '.stamp');

/** @returns {boolean} false if the generation failed; then the error was printed */
export function ensurePrismaClient() {
  if (!existsSync(schema)) return true;
  const hash = createHash('sha256');
  for (const file of [schema, join(root, 'prisma.config.ts'), join(root, 'package-lock.json')])
    hash.update(readFileSync(file));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return true;
  if (!existsSync(join(bin, 'prisma'))) {
    say('Without the development packages the Prisma client is not generated (npm run generate).');
    return true;
  }
  const { status, error, stdout, stderr } = spawnSync(
    'node',
    [join(root, 'tools', 'dev', 'prisma', 'cli.mjs'), 'generate'],
    {
      cwd: root,
      env: workspaceEnvironment(),
      encoding: 'utf8',
    },
  );
  if (status !== 0) {
    say(`prisma generate failed:\n${error?.message ?? `${stdout}${stderr}`.trim()}`);
    return false;
  }
  writeFileSync(stampFile, stamp);
  return true;
}

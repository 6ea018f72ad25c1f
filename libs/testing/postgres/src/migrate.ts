import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SupportError, propertyOf, workspaceRoot } from '@communique-tee/testing/harness';

/**
 * Runs `prisma migrate deploy` with the gateway's migrations on an existing database.
 *
 * @returns the output of the command
 * @throws SupportError MIGRATION_FAILED
 */
export async function migrate(databaseUrl: string): Promise<string> {
  const root = workspaceRoot();
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'tools', 'dev', 'prisma', 'cli.mjs'), 'migrate', 'deploy'],
      {
        cwd: root,
        env: { ...process.env, DATABASE_URL: databaseUrl },
        maxBuffer: 16 * 1024 * 1024,
      },
    );
    return stdout;
  } catch (error) {
    const details = String(propertyOf(error, 'stderr') ?? error);
    throw new SupportError('MIGRATION_FAILED', details.replaceAll(databaseUrl, '<database>').trim(), { cause: error });
  }
}

/** Returns 16 hexadecimal digits of a hash over all files of prisma/migrations. */
export async function hashOfMigrations(folder = join(workspaceRoot(), 'prisma', 'migrations')): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.sort())
    hash
      .update(`${file}\0`)
      .update(await readFile(file))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

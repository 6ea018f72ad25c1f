import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SupportError, propertyOf } from '../errors';
import { workspaceRoot } from '../workspace/root';

/**
 * `prisma migrate deploy` of the gateway's migrations on a database that exists.
 *
 * @returns what the command printed
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

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The first of eight old migrations, which one new migration replaced. tools/dev/prisma/engine/old-history.mjs refuses a database with it. */
export const REPLACED_MIGRATION = '20261122090000_first';

/** A row of _prisma_migrations. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly finished: boolean;
  readonly rolledBack: boolean;
}

export interface MigrationsCompared {
  readonly total: number;
  readonly missing: readonly string[];
  /** Begun but not finished. prisma migrate stops at such a migration. */
  readonly failed: readonly string[];
  /** Applied, but the SQL in this checkout is different. */
  readonly changed: readonly string[];
  /** Applied, but not in this checkout. The database is newer. */
  readonly unknown: readonly string[];
}

/** Returns the SHA-256 (hex) of each migration.sql of this checkout, by the migration's name. Prisma stores the same hash. */
export async function migrationsHere(root: string): Promise<Map<string, string>> {
  const folder = join(root, 'prisma', 'migrations');
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  return new Map(
    await Promise.all(
      names.map(
        async (name) =>
          [
            name,
            createHash('sha256')
              .update(await readFile(join(folder, name, 'migration.sql')))
              .digest('hex'),
          ] as const,
      ),
    ),
  );
}

export function compareMigrations(
  here: ReadonlyMap<string, string>,
  rows: readonly AppliedMigration[],
): MigrationsCompared {
  const kept = rows.filter(({ rolledBack }) => !rolledBack);
  const applied = new Map(kept.filter(({ finished }) => finished).map(({ name, checksum }) => [name, checksum]));
  return {
    total: here.size,
    missing: [...here.keys()].filter((name) => !applied.has(name)),
    failed: kept.filter(({ finished }) => !finished).map(({ name }) => name),
    changed: [...here]
      .filter(([name, checksum]) => applied.has(name) && applied.get(name) !== checksum)
      .map(([name]) => name),
    unknown: [...applied.keys()].filter((name) => !here.has(name)),
  };
}

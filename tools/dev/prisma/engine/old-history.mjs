import { EngineError, poolConfig, withClient } from './connection.mjs';

/** The first of eight migrations that one migration has replaced, before the project was deployed anywhere. */
const OLD_FIRST = '20261122090000_first';

/** Refuses a database with the eight old migrations, and changes nothing. @throws EngineError P3005, with one line that says what to do */
export async function refuseOldHistory(url) {
  await withClient(poolConfig(url), async (client) => {
    const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS migrated");
    if (!rows[0].migrated) return;
    const { rowCount } = await client.query('SELECT FROM _prisma_migrations WHERE migration_name = $1', [OLD_FIRST]);
    if (rowCount > 0)
      throw new EngineError(
        'P3005',
        'This database has the old migrations, which one migration replaced on 2026-11-29: create an empty database and migrate that. Nothing was changed here.',
      );
  });
}

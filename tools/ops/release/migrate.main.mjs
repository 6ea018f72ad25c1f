// node main.mjs: applies the migrations beside this file to the database of DATABASE_URL, like `prisma migrate deploy`. It uses the same
// table of applied migrations, and Prisma's own engine compiled to WebAssembly. A parent has no npm packages, so the release contains this
// file as a bundle, with the engine's files beside it.
// Exit 0: all migrations are applied. 1: failed, but another try may help. 78: a person has to act.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { createHandlers } from '../../dev/prisma/engine/handlers.mjs';
import { EngineError, poolConfig, withClient } from '../../dev/prisma/engine/connection.mjs';

const EXIT_CONFIGURATION = 78;
/** An arbitrary id of an advisory lock: if several instances start at the same time, one migrates and the others wait. */
const LOCK = 7_312_005_114;
/** Prisma's error codes after which a person has to act, for example because an earlier migration failed. */
const NEEDS_A_PERSON = new Set(['P3009', 'P3018', 'P3005', 'P3012', 'P3015', 'P1012']);

const say = (level, event, more = {}) =>
  process.stdout.write(
    `${JSON.stringify({ level, time: new Date().toISOString(), source: 'migrate', event, ...more })}\n`,
  );

function migrationsList(folder) {
  const names = readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    .sort();
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: readFileSync(join(folder, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: names.map((path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: readFileSync(join(folder, path, 'migration.sql'), 'utf8') },
      },
    })),
  };
}

async function migrate(url) {
  const handle = createHandlers({ datamodels: [], url });
  const list = migrationsList(join(import.meta.dirname, 'migrations'));
  const filters = { externalTables: [], externalEnums: [] };
  await withClient(poolConfig(url), async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    // Like `migrate deploy`, only warn about migrations that were edited after they were applied.
    const { editedMigrationNames = [] } = await handle('diagnoseMigrationHistory', {
      migrationsList: list,
      optInToShadowDatabase: false,
      filters,
    });
    for (const migration of editedMigrationNames) say('warn', 'migration_edited', { migration });
    const { appliedMigrationNames } = await handle('applyMigrations', { migrationsList: list, filters });
    for (const migration of appliedMigrationNames) say('info', 'migration_applied', { migration });
    say('info', 'migrated', { applied: appliedMigrationNames.length, known: list.migrationDirectories.length });
  });
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  const usage = 'usage: node main.mjs (without arguments; DATABASE_URL names the database)\n';
  const help = argument === '--help' || argument === '-h';
  (help ? process.stdout : process.stderr).write(usage);
  process.exit(help ? 0 : EXIT_CONFIGURATION);
}

// The engine logs to stderr, and its errors may quote rows of the database.
process.stderr.write = () => true;

const url = process.env.DATABASE_URL ?? '';
if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
  say('error', 'not_configured', { variable: 'DATABASE_URL' });
  process.exit(EXIT_CONFIGURATION);
}
try {
  await migrate(url);
  process.exit(0);
} catch (error) {
  const code = typeof error?.code === 'string' ? error.code : 'none';
  // The engine's messages may quote rows, or the URL with its password. Only the message of P3005 is safe.
  say('error', 'not_migrated', {
    code,
    ...(code === 'P3005' && error instanceof EngineError ? { fix: error.message } : {}),
  });
  process.exit(NEEDS_A_PERSON.has(code) ? EXIT_CONFIGURATION : 1);
}

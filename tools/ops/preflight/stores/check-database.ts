import { Client } from 'pg';
import { isLocal, judgeStoreUrl } from '../account/store-url';
import { fail, notInTime, pass, skip, warn, type Check, type Context, type Finding } from '../check';
import { codeOf, isCertificateCode, isUnreachable, messageOf, nameOf, ranOutOfTime } from '../error-code';
import { templateColumns } from './template-columns';
import { compareMigrations, REPLACED_MIGRATION, migrationsHere, type AppliedMigration } from './migrations';

/** The command that migrates the database of DATABASE_URL. */
const MIGRATE = 'npm run migrate';

/** Connects with the gateway's own library, so that TLS settings in the URL mean the same. Only reads. */
export const database: Check = {
  name: 'database',
  title:
    'PostgreSQL (DATABASE_URL) answers over TLS, accepts writes, and has every migration and the columns of templates',
  group: 'stores',
  network: true,
  async run(context) {
    const url = context.ports.env['DATABASE_URL'] ?? '';
    if (url === '')
      return skip(
        'DATABASE_URL is not set',
        'open a port-forwarding session of Session Manager (docs/operator/instances.md), set DATABASE_URL, and run --only database',
      );
    const problem = judgeStoreUrl('postgresql', url, true);
    if (URL.parse(url) === null) return fail(`DATABASE_URL ${problem?.found ?? ''}`, problem?.todo ?? '');
    const findings = problem === undefined ? [] : [fail(`DATABASE_URL ${problem.found}`, problem.todo)];
    let client: Client | undefined;
    const end = () => void client?.end().catch(() => undefined);
    context.signal.addEventListener('abort', end);
    try {
      client = new Client({
        connectionString: url,
        connectionTimeoutMillis: 30_000,
        query_timeout: 30_000,
        application_name: 'communique-preflight',
      });
      client.on('error', () => undefined);
      await client.connect();
      return [...(await look(context, client, url)), ...findings];
    } catch (error) {
      return [explain(error), ...findings];
    } finally {
      context.signal.removeEventListener('abort', end);
      end();
    }
  },
};

async function look(context: Context, client: Client, url: string): Promise<Finding[]> {
  await client.query('BEGIN TRANSACTION READ ONLY');
  const {
    rows: [server],
  } = await client.query<{ version: string; recovering: boolean; read_only: string; tls: string | null }>(
    "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS recovering, current_setting('default_transaction_read_only') AS read_only, (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS tls",
  );
  const tls = server?.tls ?? undefined;
  const findings: Finding[] = [
    pass(
      `PostgreSQL ${/^[\d.]+/.exec(server?.version ?? '')?.[0] ?? ''} answers${tls === undefined ? '' : `, ${tls}`}`,
    ),
  ];
  if (tls === undefined && !isLocal(new URL(url)))
    findings.push(fail('the connection has no TLS', 'add sslmode=verify-full to DATABASE_URL'));
  if (server?.recovering === true || server?.read_only === 'on')
    findings.push(fail('it takes no writes (a replica, or switched to read-only)', 'give the address of the primary'));
  findings.push(...(await migrated(context, client)));
  return findings;
}

async function migrated({ ports: { root } }: Context, client: Client): Promise<Finding[]> {
  const todo =
    'apply them with this DATABASE_URL; on the parent communique-migrate.service does it before the gateway starts';
  const {
    rows: [table],
  } = await client.query<{ there: boolean }>("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there");
  if (table?.there !== true) return [fail('no migration has been applied', todo, MIGRATE)];
  const { rows } = await client.query<AppliedMigration>(
    'SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS "rolledBack" FROM _prisma_migrations LIMIT 10000',
  );
  const { total, missing, failed, changed, unknown } = compareMigrations(await migrationsHere(root), rows);
  if (unknown.includes(REPLACED_MIGRATION))
    return [
      fail(
        'the database has the old migrations, which one migration replaced on 2026-11-29',
        'create an empty database and migrate that',
      ),
    ];
  const findings: Finding[] = [];
  if (failed.length > 0)
    findings.push(
      fail(
        `begun but not finished: ${failed.join(', ')}`,
        'check what it left behind, then run node tools/dev/prisma/cli.mjs migrate resolve; until then no further migration is applied',
      ),
    );
  const absent = missing.filter((name) => !failed.includes(name));
  if (absent.length > 0)
    findings.push(
      fail(`${String(absent.length)} of ${String(total)} migrations are missing: ${absent.join(', ')}`, todo, MIGRATE),
    );
  if (changed.length > 0)
    findings.push(
      fail(
        `applied with SQL that differs from this checkout: ${changed.join(', ')}`,
        'a migration that has been applied must not change: check out the release that made this database',
      ),
    );
  if (unknown.length > 0)
    findings.push(
      warn(
        `the database has migrations that are not here: ${unknown.map((name) => name.slice(0, 80)).join(', ')}`,
        'it is newer than this checkout: check which release should run',
      ),
    );
  return findings.length > 0
    ? findings
    : [pass(`all ${String(total)} migrations applied`), await templateColumns(client)];
}

function explain(error: unknown): Finding {
  const code = codeOf(error) ?? '';
  if (/^28/.test(code))
    return fail(
      `PostgreSQL does not take this user and password (${code})`,
      'look at DATABASE_URL, and at pg_hba.conf if the server is yours',
    );
  if (code === '3D000')
    return fail('PostgreSQL has no such database (3D000)', 'create it, then apply the migrations', MIGRATE);
  if (code === '42501') return fail('this user may not read _prisma_migrations (42501)', 'take the gateway’s own user');
  if (/^(57P0|53300)/.test(code))
    return fail(`PostgreSQL takes no connections now (${code})`, 'it is starting, stopping or full: run this again');
  if (isCertificateCode(code))
    return fail(
      `the server’s certificate is not accepted (${code})`,
      'for RDS: NODE_EXTRA_CA_CERTS or sslrootcert with its authorities (https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem); else check that this is your server',
    );
  if (code === 'ENOENT')
    return fail('a certificate file that DATABASE_URL names is not there', 'look at sslrootcert, sslcert and sslkey');
  if (ranOutOfTime(error)) return notInTime('PostgreSQL');
  if (isUnreachable(error))
    return fail(
      `PostgreSQL is not reachable from here (${code})`,
      'only a parent can reach a managed database or one on a parent, and a parent has no npm: open a port-forwarding session of Session Manager (docs/operator/instances.md)',
    );
  if (messageOf(error).includes('does not support SSL'))
    return fail('the server has no TLS', 'turn on TLS at the server');
  return fail(
    `PostgreSQL cannot be used (${nameOf(error)})`,
    'check the server, and that DATABASE_URL names a PostgreSQL server',
  );
}

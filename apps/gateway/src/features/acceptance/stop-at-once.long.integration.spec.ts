import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Service,
  spawnService,
  temporaryFolder,
  type TemporaryFolder,
  workspaceRoot,
} from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';

const PROCESSES = 3;
const ROUNDS = 10;
const CAPS = {
  DEFAULT_USER_DAILY_LIMIT: '1000000',
  SYSTEM_HOURLY_LIMIT: '1000000',
  EMERGENCY_SHUTDOWN_THRESHOLD: '1000000',
};

interface Seen {
  /** How many reservations were committed, and how many of them after the stop, by the server's commit timestamps. */
  readonly all: number;
  readonly after: number;
  /** How long after the stop's commit the last reservation was committed; negative if it was before. */
  readonly lastMs: number;
}

/**
 * Three processes reserve as fast as they can, one by one and in batches, while a stop is raised. No reservation may be committed after the
 * stop.
 */
describe('an emergency stop', () => {
  let postgres: Postgres;
  let folder: TemporaryFolder;
  let url: string;
  let client: Client;
  const running: Service[] = [];

  beforeAll(async () => {
    [postgres, folder] = await Promise.all([
      startPostgres({ settings: { track_commit_timestamp: 'on' } }),
      temporaryFolder('stop'),
    ]);
    execFileSync(
      process.execPath,
      [
        join(workspaceRoot(), 'tools/dev/build/build.mjs'),
        'gateway',
        '--entry',
        'apps/gateway/src/features/acceptance/testing/spender.ts',
        '--outdir',
        folder.path,
      ],
      { cwd: workspaceRoot() },
    );
    url = await postgres.createMigratedDatabase();
    client = new Client({ connectionString: url });
    await client.connect();
    const env = { DATABASE_URL: url, CAPS: JSON.stringify(CAPS), AROUND: new Date().toISOString(), IN_BATCHES: 'yes' };
    for (let n = 0; n < PROCESSES; n++)
      running.push(
        await spawnService({ command: process.execPath, args: [folder.file('main.js')], env, readyWhen: /spending/ }),
      );
  }, 120_000);
  afterAll(async () => {
    await Promise.all(running.map((service) => service.kill()));
    await (client as Client | undefined)?.end();
    await postgres.stop();
    await folder.remove();
  });

  /**
   * Counts by the commit times of the message rows, because in this test only the transaction that reserves for a message writes its row.
   */
  async function seen(): Promise<Seen> {
    const { rows } = await client.query<{ all: string; after: string; last: string }>(`
      SELECT count(*) AS all, count(*) FILTER (WHERE at > stop) AS after, extract(epoch FROM max(at) - min(stop)) * 1000 AS last
      FROM (SELECT pg_xact_commit_timestamp(xmin) AS at FROM message) AS m, (SELECT pg_xact_commit_timestamp(xmin) AS stop FROM emergency_stop WHERE cleared_at IS NULL) AS s`);
    const [row] = rows;
    return { all: Number(row?.all), after: Number(row?.after), lastMs: Number(row?.last) };
  }
  const reserved = async () =>
    Number((await client.query<{ count: string }>('SELECT count(*) FROM reservation')).rows[0]?.count);

  it('is final: no process commits a reservation after it, even one that was begun before', async () => {
    const rounds: { raisedInMs: number; lastMs: number }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = await reserved();
      while ((await reserved()) < before + 100) await sleep(20); // all processes are reserving
      const startedMs = performance.now();
      await client.query("INSERT INTO emergency_stop (id, reason) VALUES (gen_random_uuid(), 'a test')");
      const raisedInMs = performance.now() - startedMs;
      const atOnce = await seen();
      await sleep(200);
      const later = await seen();
      rounds.push({ raisedInMs, lastMs: later.lastMs });
      expect({ round, after: later.after, since: later.all - atOnce.all }).toEqual({ round, after: 0, since: 0 });
      await client.query(
        "UPDATE emergency_stop SET cleared_at = now(), cleared_by = 'op', cleared_why = 'a test' WHERE cleared_at IS NULL",
      );
    }
    const ms = (values: number[]) => `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)} ms`;
    process.stderr.write(
      `emergency stop, ${String(ROUNDS)} times over ${String(PROCESSES)} processes: raised in ${ms(rounds.map(({ raisedInMs }) => raisedInMs))}; last reservation ${ms(rounds.map(({ lastMs }) => lastMs))} after its commit\n`,
    );
    // Of two stops raised at once, one is stored
    const others = await Promise.all(
      running.map(async () => {
        const other = new Client({ connectionString: url });
        await other.connect();
        return other;
      }),
    );
    await Promise.all(
      others.map((other) =>
        other.query(
          "INSERT INTO emergency_stop (id, reason) VALUES (gen_random_uuid(), 'at once') ON CONFLICT DO NOTHING",
        ),
      ),
    );
    await Promise.all(others.map((other) => other.end()));
    expect((await client.query('SELECT FROM emergency_stop WHERE cleared_at IS NULL')).rowCount).toBe(1);
  });
});

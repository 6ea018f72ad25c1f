import type { System } from '@communique-tee/test-system';
import { Client } from 'pg';
import { usageOf } from '../process/process-tree';

const EVERY_MS = 2000;

export const WATCHED = ['gateway 1', 'gateway 2', 'enclave 1', 'enclave 2', 'PostgreSQL', 'Congress'] as const;
export type Watched = (typeof WATCHED)[number];

export interface Snapshot {
  /** How many messages had ended when this sample was taken. */
  readonly ended: number;
  /** Memory by process, without the processes that did not run at that time. */
  readonly mib: ReadonlyMap<Watched, number>;
}

export interface Seen {
  /** The first sample after each of the requested numbers of ended messages. */
  readonly snapshots: readonly Snapshot[];
  /** CPU time by process, added up over its restarts. The time between the last sample and a kill is missing. */
  readonly cpuMs: ReadonlyMap<Watched, number>;
  readonly mostWaiting: number;
  readonly mostConnections: number;
}

export interface Watch {
  /** How many jobs waited at the last sample. */
  waiting(): number;
  /** Takes a last sample, and returns the result. */
  finish(): Promise<Seen>;
}

/**
 * Samples the memory and CPU time of all processes, and the queue, every two seconds.
 * @param accepted how many messages were answered with 202 so far
 * @param after numbers of ended messages after which to keep a snapshot, ascending
 * @param ended called after each sample with the numbers of ended and of waiting messages
 */
export function watch(
  system: System,
  accepted: () => number,
  after: readonly number[],
  ended: (count: number, waiting: number) => void,
): Watch {
  const snapshots: Snapshot[] = [];
  const lives = new Map<Watched, { pid: number; before: number; now: number }>();
  let [waiting, mostWaiting, mostConnections] = [0, 0, 0];
  let client: Client | undefined;

  const look = async (): Promise<void> => {
    const database = await askDatabase().catch(() => undefined);
    if (database === undefined) {
      const gone = client;
      client = undefined;
      await gone?.end().catch(() => undefined);
    } else {
      waiting = database.waiting;
      mostWaiting = Math.max(mostWaiting, waiting);
      mostConnections = Math.max(mostConnections, database.connections);
    }
    const pids: Record<Watched, number | undefined> = {
      'gateway 1': system.pidOf('gateway', 0),
      'gateway 2': system.pidOf('gateway', 1),
      'enclave 1': system.pidOf('enclave', 0),
      'enclave 2': system.pidOf('enclave', 1),
      PostgreSQL: database?.pid,
      Congress: system.services.congress.pid,
    };
    const mib = new Map<Watched, number>();
    for (const name of WATCHED) {
      const pid = pids[name];
      const usage = pid === undefined ? undefined : usageOf(pid, name === 'PostgreSQL' ? 'with children' : 'alone');
      if (pid === undefined || usage === undefined) continue;
      mib.set(name, usage.mib);
      const life = lives.get(name);
      const before = life === undefined ? 0 : life.pid === pid ? life.before : life.before + life.now;
      lives.set(name, { pid, before, now: usage.cpuMs });
    }
    if (database === undefined) return;
    const count = Math.max(0, accepted() - waiting);
    ended(count, waiting);
    const next = after[snapshots.length];
    if (next !== undefined && count >= next) snapshots.push({ ended: count, mib });
  };

  const askDatabase = async () => {
    if (client === undefined) {
      client = new Client({
        connectionString: system.databaseUrl,
        connectionTimeoutMillis: 2000,
        statement_timeout: 5000,
      });
      client.on('error', () => undefined); // the running query rejects with the same error
      await client.connect();
    }
    const { rows } = await client.query<{ waiting: number; connections: number; pid: string }>(
      `SELECT (SELECT count(*)::int FROM delivery_job) AS waiting,
              (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS connections,
              split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid`,
    );
    const [row] = rows;
    return row && { ...row, pid: Number(row.pid) };
  };

  let looking: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    looking = look().finally(() => {
      busy = false;
    });
  }, EVERY_MS);
  return {
    waiting: () => waiting,
    async finish() {
      clearInterval(timer);
      await looking;
      await look();
      await client?.end().catch(() => undefined);
      const cpuMs = new Map([...lives].map(([name, { before, now }]) => [name, before + now]));
      return { snapshots, cpuMs, mostWaiting, mostConnections };
    },
  };
}

import { unsafeTrustAnchorFromPem } from '@communique-tee/attestation';
import {
  CALM,
  drawFaultPlan,
  HIGH_RATE_LIMITS,
  inject,
  receivedBy,
  setCongressFaults,
  startSystem,
  RetryingClient,
  type FaultPlan,
  type System,
} from '@communique-tee/test-system';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { percentilesOf } from '../load/percentiles';
import { beside, type Row, type SectionOptions } from '../measure';
import { arrivalTimes, FIRST_MAIL_SHARE_OF_DAY, peakToMeanRatio } from './arrival-curve';
import { databaseSize, logMiB, type DatabaseSize } from './database-size';
import { judgeDay, type StoredMessage, type Verdict } from './judge-day';
import { MARK, OFFICES, sendDay } from './send';
import { watch, WATCHED, type Seen } from './watch';

const MESSAGES = 100_000;
const MEAN_RATE = 50;
const USERS = 200;
const SEED = 19;
/** The fault plan of a run of 72 seconds is stretched to the day. It kills the gateway about eight times, enclave and PostgreSQL about six. */
const FAULT_RUN_MS = 72_000;
/** The longest wait for messages to end after the last was sent. */
const REST_MS = 3_600_000;
const PROGRESS_MS = 30_000;
/** Memory is first noted after this many messages have ended, when the programs are warm. */
const WARM = 1000;
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const MEMORY_AIM = 1.2;
const MANY = '1000000';

/** Default settings, but with limits so high that none is reached. */
const GATEWAY_ENVIRONMENT = {
  ...HIGH_RATE_LIMITS,
  DEFAULT_USER_DAILY_LIMIT: MANY,
  SYSTEM_HOURLY_LIMIT: MANY,
  EMERGENCY_SHUTDOWN_THRESHOLD: MANY,
};

/**
 * Runs a campaign's day through two gateways and two enclaves with sealed keys. The second gateway, the second enclave and PostgreSQL are
 * killed again and again, while Congress fails in episodes. The first gateway and the first enclave run all day. Their memory at the end is
 * compared with their memory at the beginning.
 */
export async function dayRows({ messages = MESSAGES, rate = MEAN_RATE }: SectionOptions): Promise<Row[]> {
  const totalMs = (messages / rate) * 1000;
  const folder = await temporaryFolder('bench-day');
  let system: System | undefined;
  try {
    system = await startSystem({
      folder: folder.path,
      gateways: 2,
      enclaves: 2,
      keys: 'sealed',
      congressIntervalMs: 0,
      congressKeepsSubjects: true,
      postgresSettings: { fsync: 'on', full_page_writes: 'on' },
      gatewayEnvironment: GATEWAY_ENVIRONMENT,
    });
    return rowsOf(await runDay(system, messages, totalMs));
  } finally {
    await system?.stop();
    await folder.remove();
  }
}

interface Day {
  readonly messages: number;
  readonly seconds: number;
  /** The time from the first message to the last. */
  readonly totalMs: number;
  readonly startMs: number;
  readonly faults: string;
  readonly verdict: Verdict;
  readonly seen: Seen;
  readonly clientMs: number;
  readonly database: DatabaseSize;
  /** What PostgreSQL wrote to its write-ahead log. */
  readonly loggedMib: number;
}

async function runDay(system: System, messages: number, totalMs: number): Promise<Day> {
  await setCongressFaults(system, CALM);
  const loggedBefore = await logMiB(system.databaseUrl);
  const started = performance.now();
  const client = new RetryingClient({
    gateways: system.gatewayUrls,
    policy: {
      acceptedMeasurements: system.accepted,
      trustAnchor: unsafeTrustAnchorFromPem(system.developmentRootPem),
    },
    deadlineMs: started + totalMs + REST_MS,
    signal: new AbortController().signal,
  });
  const tokens = await Promise.all(
    Array.from({ length: USERS }, (_, user) => system.issuer.token(`day-${String(user)}`, 24 * 3600)),
  );
  let accepted = 0;
  let saidAtMs = 0;
  const watched = watch(
    system,
    () => accepted,
    looksAt(messages),
    (ended, waiting) => {
      if (performance.now() - saidAtMs < PROGRESS_MS) return;
      saidAtMs = performance.now();
      process.stderr.write(
        `  ${String(Math.round((saidAtMs - started) / 1000))} s: ended ${String(ended)}, waiting ${String(waiting)}\n`,
      );
    },
  );
  const cpu = process.cpuUsage();
  const startMs = Date.now();
  const stopFaults = new AbortController();
  const injector = inject(dayFaults(totalMs), { system, redis: undefined }, stopFaults.signal, () => undefined);
  try {
    const posted = await sendDay({
      client,
      tokens,
      dueMs: arrivalTimes(messages, totalMs),
      startMs,
      onAccepted: () => accepted++,
    });
    await injector.finished;
    await allEnded(system.databaseUrl);
    const seconds = (Date.now() - startMs) / 1000;
    const seen = await watched.finish();
    const { user, system: kernel } = process.cpuUsage(cpu);
    const loggedMib = (await logMiB(system.databaseUrl)) - loggedBefore;
    const copies = (await receivedBy(system.congress)).map(({ xml, office }) => ({
      mark: MARK.exec(xml)?.[0] ?? 'unmarked',
      office,
    }));
    const verdict = judgeDay(posted, await storedMessages(system.databaseUrl), copies, OFFICES);
    const { kills, episodes } = injector.injected;
    return {
      messages,
      seconds,
      totalMs,
      startMs,
      faults: `SIGKILL gateway ${String(kills.gateway)}, enclave ${String(kills.enclave)}, PostgreSQL ${String(kills.postgres)} times; ${String(episodes)} episodes of Congress`,
      verdict,
      seen,
      clientMs: (user + kernel) / 1000,
      loggedMib,
      database: await databaseSize(system.databaseUrl),
    };
  } finally {
    stopFaults.abort();
    await injector.finished.catch(() => undefined);
    await watched.finish();
  }
}

/** Returns the counts of ended messages at which memory is noted. */
function looksAt(messages: number): number[] {
  const shares = SHARES.map((share) => Math.floor(messages * share));
  return [Math.min(WARM, messages), ...shares.filter((count) => count > WARM)];
}

/** Returns a plan of faults that does not kill the first gateway and the first enclave. */
export function dayFaults(totalMs: number): FaultPlan {
  const plan = drawFaultPlan(SEED, totalMs, { gateways: 2, enclaves: 2, calm: totalMs / FAULT_RUN_MS });
  return {
    ...plan,
    kills: plan.kills.filter(({ process, which }) => process === 'postgres' || (process !== 'redis' && which === 1)),
  };
}

/** Waits until every message has ended. @throws Error after an hour */
async function allEnded(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const deadlineMs = performance.now() + REST_MS; ;) {
      const { rows } = await client.query<{ waiting: number }>(`SELECT count(*)::int AS waiting FROM delivery_job`);
      if (rows[0]?.waiting === 0) return;
      if (performance.now() > deadlineMs)
        throw new Error('some messages have not ended an hour after the last was sent');
      await sleep(200);
    }
  } finally {
    await client.end();
  }
}

async function storedMessages(databaseUrl: string): Promise<StoredMessage[]> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<StoredMessage>(
      `SELECT id::text, status::text, (extract(epoch FROM ended_at) * 1000)::float8 AS "endedAtMs" FROM message`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

function rowsOf(day: Day): Row[] {
  const { messages, seconds, totalMs, startMs, verdict, seen, database } = day;
  const all = percentilesOf(verdict.latencies.map(({ ms }) => ms));
  const calmUntilMs = startMs + totalMs * FIRST_MAIL_SHARE_OF_DAY;
  const calm = percentilesOf(verdict.latencies.filter(({ dueAtMs }) => dueAtMs < calmUntilMs).map(({ ms }) => ms));
  const others = Object.entries(verdict.ends).filter(([status]) => status !== 'delivered');
  const mean = messages / (totalMs / 1000);
  return [
    {
      what: `delivered to three offices, ${messages.toLocaleString('en')} messages`,
      value: verdict.latencies.length / seconds,
      unit: 'req/s',
      note: `came at ${mean.toFixed(0)} a second on average and ${(mean * peakToMeanRatio()).toFixed(0)} in the busiest minute; ${day.faults}`,
    },
    { what: 'lost', value: verdict.lost, unit: 'messages', mustBe: 0 },
    { what: 'doubled', value: verdict.doubled, unit: 'messages', mustBe: 0 },
    {
      what: 'ended otherwise, or not accepted',
      value: verdict.notAccepted + others.reduce((sum, [, count]) => sum + count, 0),
      unit: 'messages',
      mustBe: 0,
      note: others.map(([status, count]) => `${status} ${String(count)}`).join(', '),
    },
    { what: 'due until delivered, p50', value: all.p50, unit: 'ms' },
    { what: 'due until delivered, p99', value: all.p99, unit: 'ms', note: 'with the queue that the first mail fills' },
    { what: 'due before the first mail, p50', value: calm.p50, unit: 'ms' },
    { what: 'due before the first mail, p99', value: calm.p99, unit: 'ms', note: 'with faults' },
    { what: 'most that waited at once', value: seen.mostWaiting, unit: 'messages' },
    { what: 'most connections to PostgreSQL', value: seen.mostConnections, unit: 'connections' },
    ...cpuRows(day),
    ...memoryRows(seen),
    {
      what: 'database',
      value: database.mib,
      unit: 'MiB',
      note: database.tables
        .map(
          ({ name, mib, autovacuums, live, dead }) =>
            `${name} ${mib.toFixed(1)} MiB, ${String(live)} rows, ${String(dead)} dead, ${String(autovacuums)} vacuums`,
        )
        .join('; '),
    },
    beside(
      { what: 'database', value: database.mib, unit: 'MiB' },
      { what: 'the same after VACUUM FULL', value: database.packedMib },
    ),
    { what: 'write-ahead log, for each message', value: (day.loggedMib * 1024) / messages, unit: 'KiB' },
    { what: 'database, for each message', value: (database.packedMib * 1024) / messages, unit: 'KiB' },
  ];
}

function cpuRows({ messages, seen, clientMs }: Day): Row[] {
  const of = (...names: readonly (typeof WATCHED)[number][]) =>
    names.reduce((sum, name) => sum + (seen.cpuMs.get(name) ?? 0), 0) / messages;
  return [
    { what: 'CPU for each message, gateways', value: of('gateway 1', 'gateway 2'), unit: 'ms' },
    { what: 'CPU for each message, enclaves', value: of('enclave 1', 'enclave 2'), unit: 'ms' },
    { what: 'CPU for each message, PostgreSQL', value: of('PostgreSQL'), unit: 'ms' },
    { what: 'CPU for each message, Congress (simulator)', value: of('Congress'), unit: 'ms' },
    { what: 'CPU for each message, clients and KMS (simulator)', value: clientMs / messages, unit: 'ms' },
  ];
}

/** Returns a memory row for each snapshot and process except Congress. Only the two processes that run all day have an aim. */
function memoryRows({ snapshots }: Seen): Row[] {
  return WATCHED.filter((name) => name !== 'Congress').flatMap((name) => {
    const lives = name.endsWith(' 1');
    const rows = snapshots.flatMap(({ ended, mib }): Row[] => {
      const value = mib.get(name);
      if (value === undefined) return [];
      return [{ what: `memory of ${name} after ${ended.toLocaleString('en')}`, value, unit: 'MiB' }];
    });
    const [first] = rows;
    return rows.map((row, at) =>
      lives && first !== undefined && at === rows.length - 1 && at > 0
        ? beside(row, first, { atMost: MEMORY_AIM })
        : row,
    );
  });
}

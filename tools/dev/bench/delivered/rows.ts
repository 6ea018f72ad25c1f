import { temporaryFolder } from '@communique-tee/testing/harness';
import { HIGH_RATE_LIMITS, startSystem, type System } from '@communique-tee/test-system';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import * as z from 'zod';
import { usageOf } from '../process/process-tree';
import { runPart } from '../process/run-part';
import { percentilesOf } from '../load/percentiles';
import { beside, notMeasured, type Row, type SectionOptions } from '../measure';
import { postResultSchema, type PostJob } from './post-job';
import { startSenders, type Sealed, type Senders } from './senders';

/**
 * How many messages each phase posts, or for how many seconds. There are fewer proven messages, because each proof takes half a second to
 * make. Their warm-up has more messages, because V8 optimizes Barretenberg during the first hundred verifications of a process.
 */
const PLAIN = { warmUp: 200, top: 600, latencySeconds: 8 };
const PROVEN = { warmUp: 300, top: 480, latencySeconds: 4 };
const SENDERS = 16;
const LATENCY_CONNECTIONS = 128;
const SHARE_OF_TOP = 0.5;
const BARE_SENDERS = 16;
const BARE_MS = 5000;
const POLL_MS = 100;
const MANY = '1000000';

const GATEWAY_ENVIRONMENT = {
  ...HIGH_RATE_LIMITS,
  DELIVERY_CONCURRENCY: '32',
  DEFAULT_USER_DAILY_LIMIT: MANY,
  SYSTEM_HOURLY_LIMIT: MANY,
  EMERGENCY_SHUTDOWN_THRESHOLD: MANY,
  MAX_CONNECTIONS_PER_ADDRESS: '4000',
};

const PROCESSES = ['enclave', 'gateway', 'PostgreSQL', 'simulator'] as const;
type CpuMs = Record<(typeof PROCESSES)[number] | 'client', number>;

interface Measured {
  readonly perSecond: number;
  /** CPU time that each part takes for one message. */
  readonly cpuMs: CpuMs;
  readonly latencyRate: number;
  /** From the time at which a post was due until the message's `ended_at` in PostgreSQL. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** The rate of bare posts of the same documents, in messages a second. */
  readonly bare: number;
}

/**
 * Measures messages from post to delivery, with all parts on this machine. For comparison, it posts the same documents directly to the same
 * simulator.
 */
export async function deliveredRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  return rowsOf('', await measured({ proven: false, profileFolder }));
}

/** Measures the same for messages with proofs of residence, which are made beforehand. */
export async function deliveredProvenRows({ profileFolder }: SectionOptions): Promise<Row[]> {
  if (referenceStringForTests() === undefined)
    return [notMeasured('delivered to three offices, with proofs', 'msg/s', 'reference string')];
  return rowsOf(', with proofs', await measured({ proven: true, profileFolder }));
}

function rowsOf(suffix: string, { perSecond, cpuMs, latencyRate, latencyMs, bare }: Measured): Row[] {
  const reference: Row = {
    what: `bare posts of the same documents, kept connections${suffix}`,
    value: bare,
    unit: 'msg/s',
    note: 'three documents for each message; the simulator runs on the same machine',
  };
  const all = [...PROCESSES, 'client'] as const;
  return [
    reference,
    beside({ what: `delivered to three offices${suffix}`, value: perSecond, unit: 'msg/s' }, reference),
    ...all.map((name): Row => ({
      what: `CPU of the ${name} for each${suffix}`,
      value: cpuMs[name],
      unit: 'ms',
      ...(name === 'client' && { note: suffix === '' ? 'sealing and posting' : 'posting; its proof was made before' }),
    })),
    { what: `CPU of all for each${suffix}`, value: all.reduce((sum, name) => sum + cpuMs[name], 0), unit: 'ms' },
    { what: `from post to delivered, p50${suffix}`, value: latencyMs.p50, unit: 'ms' },
    {
      what: `from post to delivered, p99${suffix}`,
      value: latencyMs.p99,
      unit: 'ms',
      note: `at ${latencyRate.toFixed(0)} a second, half of the top rate`,
    },
  ];
}

async function measured(options: {
  readonly proven: boolean;
  readonly profileFolder: string | undefined;
}): Promise<Measured> {
  const { proven, profileFolder } = options;
  const folder = await temporaryFolder('bench-delivered');
  const phases = proven ? PROVEN : PLAIN;
  let system: System | undefined;
  let senders: Senders | undefined;
  try {
    senders = await startSenders(join(folder.path, 'registrar'), proven);
    system = await startSystem({
      folder: join(folder.path, 'system'),
      // As in a deployment, PostgreSQL waits until each commit is on the disk
      postgresSettings: { fsync: 'on', full_page_writes: 'on' },
      congressIntervalMs: 0,
      gatewayEnvironment: GATEWAY_ENVIRONMENT,
      ...(senders.residence && { residence: senders.residence }),
      ...(profileFolder !== undefined && {
        profile: { folder: profileFolder, name: proven ? 'delivered-proven' : 'delivered' },
      }),
    });
    const client = new Client({ connectionString: system.databaseUrl });
    await client.connect();
    try {
      return await run(system, senders, client, phases);
    } finally {
      await client.end();
    }
  } finally {
    await system?.stop();
    await senders?.stop();
    await folder.remove();
  }
}

async function run(system: System, senders: Senders, client: Client, phases: typeof PLAIN): Promise<Measured> {
  const seal = (count: number) => senders.seal(system, count);
  const token = senders.residence === undefined ? await system.issuer.token('bench') : null;
  const post = async (messages: readonly Sealed[], ratePerSecond: number | null) => {
    const job: PostJob = {
      gateway: system.gatewayUrl,
      token,
      messages: [...messages],
      connections: ratePerSecond === null ? SENDERS : LATENCY_CONNECTIONS,
      ratePerSecond,
    };
    return postResultSchema.parse(await runPart('delivered/post.main.ts', job));
  };
  const say = (what: string) => process.stderr.write(`  ${what}\n`);
  const warmUp = await seal(phases.warmUp);
  await post(warmUp.messages, null);
  await untilDelivered(client, warmUp.messages);

  const top = await seal(phases.top);
  say('top rate');
  const before = cpuOf(system);
  const posted = await post(top.messages, null);
  const ends = await untilDelivered(client, top.messages);
  const after = cpuOf(system);
  const perSecond = (phases.top * 1000) / (Math.max(...ends) - Math.min(...posted.dueMs));
  const each = (name: (typeof PROCESSES)[number]) => (after[name] - before[name]) / phases.top;

  const latencyRate = perSecond * SHARE_OF_TOP;
  const timed = await seal(Math.round(latencyRate * phases.latencySeconds));
  say('latency');
  const { dueMs } = await post(timed.messages, latencyRate);
  const endMs = await untilDelivered(client, timed.messages);
  const { p50, p99 } = percentilesOf(endMs.map((end, at) => end - (dueMs[at] ?? end)));
  return {
    perSecond,
    cpuMs: {
      enclave: each('enclave'),
      gateway: each('gateway'),
      PostgreSQL: each('PostgreSQL'),
      simulator: each('simulator'),
      client: posted.cpuMs / phases.top + (senders.residence === undefined ? top.cpuMs / phases.top : 0),
    },
    latencyRate,
    latencyMs: { p50, p99 },
    bare: await barePosts(system),
  };
}

/** @returns when each message ended, Unix time in milliseconds, in the order of `messages` */
async function untilDelivered(client: Client, messages: readonly Sealed[]): Promise<number[]> {
  for (const startedMs = performance.now(); ;) {
    // A cheap query, because PostgreSQL's CPU time is measured
    const { rows } = await client.query<{ waits: boolean }>(`SELECT EXISTS (SELECT FROM delivery_job) AS waits`);
    if (rows[0]?.waits !== true) break;
    if (performance.now() - startedMs > 240_000) throw new Error('not all were delivered in four minutes');
    await sleep(POLL_MS);
  }
  const ids = messages.map(({ id }) => id);
  const { rows } = await client.query<{ id: string; ms: number }>(
    `SELECT id::text, (extract(epoch FROM ended_at) * 1000)::float8 AS ms FROM message WHERE id = ANY($1::uuid[]) AND status = 'delivered'`,
    [ids],
  );
  if (rows.length !== ids.length)
    throw new Error(`${String(rows.length)} of ${String(ids.length)} messages were delivered`);
  const endOf = new Map(rows.map(({ id, ms }) => [id, ms]));
  return ids.map((id) => endOf.get(id) ?? NaN);
}

function cpuOf({ services, postgres }: System): Record<(typeof PROCESSES)[number], number> {
  const postmaster = Number(readFileSync(join(postgres.folder, 'data', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  const cpuMs = (...process: Parameters<typeof usageOf>): number => {
    const usage = usageOf(...process);
    if (usage === undefined) throw new Error('a process of the system has ended, or this machine has no /proc');
    return usage.cpuMs;
  };
  return {
    enclave: cpuMs(services.enclave.pid ?? 0),
    gateway: cpuMs(services.gateway.pid),
    PostgreSQL: cpuMs(postmaster, 'with children'),
    simulator: cpuMs(services.congress.pid),
  };
}

const describedSchema = z.object({ certificateAuthority: z.string() }).loose();
const endSchema = z.object({ origin: z.string(), messagePath: z.string(), apiKey: z.string() });
const receivedSchema = z.array(z.object({ chamber: z.string(), office: z.string(), xml: z.string() }));

async function barePosts(system: System): Promise<number> {
  const response = await fetch(`${system.congress.controlUrl}/received`);
  const received = receivedSchema.parse(await response.json());
  const offices = [...new Set(received.map(({ office }) => office))];
  const documents = offices.flatMap((office) => received.find((each) => each.office === office) ?? []);
  const described = describedSchema.parse(
    JSON.parse(readFileSync(join(system.logFolder, '..', 'congress', 'congress.json'), 'utf8')),
  );
  const result = await runPart('delivered/bare-posts.main.ts', {
    url: documents.map(({ chamber }) => {
      const { origin, messagePath, apiKey } = endSchema.parse(described[chamber]);
      return `${origin}${messagePath}?apikey=${apiKey}`;
    }),
    ca: readFileSync(described.certificateAuthority, 'utf8'),
    documents: documents.map(({ xml }) => xml),
    senders: BARE_SENDERS,
    durationMs: BARE_MS,
  });
  return z.object({ ratePerSecond: z.number() }).parse(result).ratePerSecond;
}

import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { migrate, type Postgres } from '@communique-tee/testing/postgres';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DatabaseError } from 'pg';
import { HIGH_RATE_LIMITS } from '../high-rate-limits';
import { startSystem, type System } from '../start-system';
import { archiveCommand, queryOnce, startArchiving, untilArchived } from './archive';
import { baseBackup, destroyCluster, snapshotDisk, startFrom } from './cluster-copies';
import { readDatabase } from './database-state';
import { Sender, type Sent } from './senders';

/** Tests what docs/operator/disaster-recovery.md says about a restored database, with a running gateway and enclave. */

/** An office that answers "maintenance", so that a message to it waits. */
const CLOSED = 'HCA03';
const OPEN = 'HCA12';
const BUSY = 'HCA27';

let folder: TemporaryFolder;
let archive: string;
let system: System;
let sender: Sender;
/** The server that runs now. */
let postgres: Postgres;
let copies = 0;

beforeAll(async () => {
  folder = await temporaryFolder('restore-');
  await chmod(folder.path, 0o711); // if the test runs as root, the server's user must be able to enter the folder
  archive = await mkdtemp(join('/var/tmp', 'communique-restore-archive-'));
  await chmod(archive, 0o777);
  system = await startSystem({
    folder: folder.path,
    persistent: true,
    congressIntervalMs: 0,
    postgresSettings: { wal_level: 'replica', archive_mode: 'on', archive_command: archiveCommand(archive) },
    gatewayEnvironment: {
      DELIVERY_PRICE_PER_OFFICE: '0.01',
      DELIVERY_MIN_BACKOFF_MS: '50',
      DELIVERY_MAX_BACKOFF_MS: '500',
      ENCLAVE_TIMEOUT_MS: '5000',
      DELIVERY_LEASE_MS: '6000',
      DELIVERY_POLL_MS: '100',
      ...HIGH_RATE_LIMITS,
    },
  });
  postgres = system.postgres;
  sender = await Sender.of(system, 'alice');
}, 180_000);
afterAll(async () => {
  await (postgres as Postgres | undefined)?.stop();
  await (system as System | undefined)?.stop();
  for (let n = 1; n <= copies; n++) await rm(copyFolder(n), { recursive: true, force: true });
  await rm((system as System | undefined)?.postgres.folder ?? '', { recursive: true, force: true });
  await rm(archive, { recursive: true, force: true });
  await folder.remove();
});
beforeEach(() => close(CLOSED));

it('a snapshot of the disk, taken while messages are posted and delivered, restores every message accepted before it, and nothing is delivered twice', async () => {
  const delivered = await sender.send([OPEN]);
  expect(await sender.ended(delivered)).toBe('delivered');
  await close(CLOSED, BUSY);
  const waiting = await sender.send([CLOSED]);
  const half = await sender.send(['SCA01', CLOSED]);
  const between = await sender.send([BUSY]);
  await sender.untilStatus(half, (status) => status === 'queued');
  await untilArrived(half, 'SCA01');
  const crowd = manySends(20);
  await sleep(100);

  const copy = await snapshotDisk(postgres, nextFolder());
  await close(CLOSED);
  expect(await sender.ended(between)).toBe('delivered');
  const later = await sender.send([OPEN]);
  expect(await sender.ended(later)).toBe('delivered');
  const laterWaiting = await sender.send([CLOSED]);
  const sentByCrowd = await crowd;
  for (const sent of sentByCrowd) expect(await sender.ended(sent)).toBe('delivered');
  const before = await readDatabase(system.databaseUrl);

  await destroyCluster(postgres);
  await open();
  postgres = await startFrom(copy, { port: postgres.port });
  const restored = await readDatabase(system.databaseUrl);

  // Everything committed at the moment of the snapshot is there and consistent
  expect(restored.migrations).toEqual(before.migrations);
  expect(await migrate(system.databaseUrl)).toMatch(/No pending migrations/);
  expect(restored.unequalWindows).toEqual([]);
  for (const sent of [delivered, waiting, half, between]) expect(restored.messages.has(sent.prepared.id)).toBe(true);
  for (const sent of [later, laterWaiting]) expect(restored.messages.has(sent.prepared.id)).toBe(false);

  // Waiting messages are delivered without any action of their senders. Messages delivered after the snapshot end with their earlier
  // outcome
  for (const sent of [waiting, half, between]) expect(await sender.ended(sent)).toBe('delivered');
  expect(await sender.outcomes(delivered)).toEqual({ [OPEN]: 'accepted' });
  expect(await sender.outcomes(between)).toEqual({ [BUSY]: 'accepted' });
  expect(await sender.outcomes(half)).toEqual({ SCA01: 'accepted', [CLOSED]: 'accepted' });

  // Messages accepted after the snapshot are unknown. Their senders post the same bytes again, and nothing is delivered again
  for (const sent of [later, laterWaiting]) {
    expect(await sender.statusOf(sent)).toBe('unknown_here');
    await sender.post(sent);
    expect(await sender.ended(sent)).toBe('delivered');
  }
  expect(await sender.outcomes(later)).toEqual({ [OPEN]: 'accepted' });
  for (const sent of sentByCrowd) {
    if ((await sender.statusOf(sent)) === 'unknown_here') await sender.post(sent);
    expect(await sender.ended(sent)).toBe('delivered');
  }
  for (const sent of [delivered, waiting, half, between, later, laterWaiting, ...sentByCrowd])
    await expectOneCopyEach(sent);

  const after = await readDatabase(system.databaseUrl);
  expect(after.jobs).toEqual([]);
  expect(after.unequalWindows).toEqual([]);
  expect(after.reservations).toBe(after.messages.size);
}, 180_000);

it('if the enclave is lost too, senders seal again what was delivered after the backup, and Congress answers with duplicates', async () => {
  await setFaults({
    queue: [
      { office: BUSY, fault: { kind: 'maintenance', retryAfterSeconds: 5 }, times: 3 }, // the third wait is 4 s
      { office: 'HCA52', fault: { kind: 'slow', delayMs: 4000 }, times: 1 },
    ],
  });
  const waiting = await sender.send([BUSY]);
  await untilJob(waiting, "dispatched_at IS NULL AND next_attempt_at > now() + interval '2 s'");
  const underWay = await sender.send(['HCA52']);
  await untilJob(underWay, 'dispatched_at IS NOT NULL');
  const copy = await snapshotDisk(postgres, nextFolder());
  for (const sent of [waiting, underWay]) expect(await sender.ended(sent)).toBe('delivered');

  await system.kill('enclave');
  await destroyCluster(postgres);
  postgres = await startFrom(copy, { port: postgres.port });
  await system.start('enclave');

  expect(await sender.ended(waiting)).toBe('key_retired');
  const again = await sender.sealAgain(waiting);
  await sender.post(again);
  expect(await sender.ended(again)).toBe('delivered');
  expect(await sender.outcomes(again)).toEqual({ [BUSY]: 'duplicate' });

  // The backup knows that this message was sent, but not its outcome. The message ends as unknown, and is not sent again under its id
  expect(await sender.ended(underWay)).toBe('unknown');
  const sealedAgain = await sender.sealAgain(underWay);
  await expect(sender.post(sealedAgain)).rejects.toMatchObject({ problem: 'message_id_taken' });
  for (const sent of [again, underWay]) await expectOneCopyEach(sent);
  expect((await readDatabase(system.databaseUrl)).unequalWindows).toEqual([]);
}, 120_000);

it('a base backup and the archived log restore the database to a chosen moment, here before rows were deleted by mistake', async () => {
  await startArchiving(postgres, system.databaseUrl, archive);
  const crowd = manySends(10);
  const copy = await baseBackup(postgres, nextFolder());
  const early = await crowd;
  const delivered = await sender.send([OPEN]);
  for (const sent of [...early, delivered]) expect(await sender.ended(sent)).toBe('delivered');
  const waiting = await sender.send([CLOSED]);
  await sender.untilStatus(waiting, (status) => status === 'queued');
  await query("SELECT pg_create_restore_point('before_the_mistake')");
  const before = await readDatabase(system.databaseUrl);
  await repeatedOnDeadlock(() => query('DELETE FROM message'));
  await query('UPDATE budget_window SET spent_micro_usd = spent_micro_usd + 1');
  expect((await readDatabase(system.databaseUrl)).unequalWindows).not.toEqual([]);
  await untilArchived(system.databaseUrl);
  expect(await sender.statusOf(waiting)).toBe('unknown_here');

  await system.kill('gateway');
  await destroyCluster(postgres);
  postgres = await startFrom(copy, { port: postgres.port, archive: { folder: archive, until: 'before_the_mistake' } });
  const restored = await readDatabase(system.databaseUrl);
  expect(new Set(restored.messages.keys())).toEqual(new Set(before.messages.keys()));
  expect(restored.reservations).toBe(before.reservations);
  expect(restored.settledMicroUsd).toBe(before.settledMicroUsd);
  expect(restored.unequalWindows).toEqual([]);
  expect(await migrate(system.databaseUrl)).toMatch(/No pending migrations/);

  // An emergency stop is set before any gateway uses the database, until an operator clears it. Accepted messages are relayed meanwhile.
  await query("INSERT INTO emergency_stop (id, reason) VALUES (gen_random_uuid(), 'restored to before_the_mistake')");
  await open();
  await system.start('gateway');
  await expect(sender.send([OPEN])).rejects.toMatchObject({ problem: 'emergency_stop' });
  expect(await sender.ended(waiting)).toBe('delivered');
  await operator('clear-stop', '--by', 'a test', '--why', 'the restored database was looked at');
  expect(await sender.outcomes(delivered)).toEqual({ [OPEN]: 'accepted' });
  for (const sent of [...early, delivered, waiting]) await expectOneCopyEach(sent);
}, 180_000);

const copyFolder = (n: number): string => `${system.postgres.folder}-copy-${String(n)}`;
const nextFolder = (): string => copyFolder(++copies);

/** Lets these offices answer "maintenance" until `open` is called. */
async function close(...offices: string[]): Promise<void> {
  await setFaults({
    queue: offices.map((office) => ({ office, fault: { kind: 'maintenance', retryAfterSeconds: 1 }, times: 'always' })),
  });
}
const open = (): Promise<void> => setFaults({});

async function setFaults(plan: object): Promise<void> {
  const { status } = await fetch(`${system.congress.controlUrl}/faults`, {
    method: 'POST',
    body: JSON.stringify(plan),
  });
  expect(status).toBeLessThan(300);
}

async function manySends(count: number): Promise<Sent[]> {
  const sent: Sent[] = [];
  for (let n = 0; n < count; n++) sent.push(await sender.send([OPEN, 'SCA03']));
  return sent;
}

async function untilArrived(sent: Sent, office: string): Promise<void> {
  for (let n = 0; n < 300; n++) {
    if ((await sender.copies(sent))[office] !== undefined) return;
    await sleep(100);
  }
  throw new Error(`nothing arrived at ${office}`);
}

/** Waits until the message's row in the queue meets the SQL condition. */
async function untilJob({ prepared }: Sent, condition: string): Promise<void> {
  for (let n = 0; n < 600; n++) {
    const rows = await query(`SELECT 1 FROM delivery_job WHERE message_id = '${prepared.id}' AND ${condition}`);
    if (rows.length > 0) return;
    await sleep(20);
  }
  throw new Error(`the job never met the condition: ${condition}`);
}

async function expectOneCopyEach(sent: Sent): Promise<void> {
  expect(await sender.copies(sent)).toEqual(Object.fromEntries(sent.content.offices.map((office) => [office, 1])));
}

/** Repeats `run` after a deadlock. The gateway works on the same rows, and PostgreSQL may cancel either side of a deadlock. */
async function repeatedOnDeadlock<T>(run: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === '40P01')) throw error;
    }
}

const query = (sql: string): Promise<Record<string, unknown>[]> => queryOnce(system.databaseUrl, sql);

async function operator(...args: string[]): Promise<void> {
  const root = workspaceRoot();
  await promisify(execFile)(
    process.execPath,
    [join(root, 'tools/run.mjs'), join(root, 'tools/ops/operator/main.ts'), ...args],
    { cwd: root, env: { ...process.env, DATABASE_URL: system.databaseUrl } },
  );
}

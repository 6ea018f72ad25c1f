import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appBundle } from '@communique-tee/testing/harness';
import { Client } from 'pg';
import { Database } from '../../core/database/database';
import type { GatewayUnderTest } from '../../testing/gateway-under-test';
import { OverdueSweeper } from './overdue-sweeper';
import { type GatewayProcess, type Posted, TaskBench, until } from './testing/task-bench';
import type { TaskEnclave } from './testing/task-enclave';

const LATER = (minutes: number) => new Date(Date.now() + minutes * 60_000);

describe('tasks, while everything is killed', () => {
  let bench: TaskBench;
  let enclave: TaskEnclave;
  let bundle: string;

  beforeAll(async () => {
    [bench, bundle] = await Promise.all([TaskBench.start(), appBundle('gateway')]);
    bundle = join(bundle, 'main.js');
  }, 180_000);
  beforeEach(async () => {
    await bench.renew();
    enclave = await bench.enclave();
  });
  afterEach(async () => {
    expect(await bench.ledgerFaults()).toEqual([]);
    await bench.end();
  });
  afterAll(() => bench.stop());

  async function sql<Row extends object>(text: string): Promise<Row[]> {
    const client = new Client({ connectionString: bench.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }
  /** Makes a database function wait before it does anything, until its caller's session has ended. Returns a function that restores it. */
  async function hold(name: string, parameters: string): Promise<() => Promise<void>> {
    const [before] = await sql<{ definition: string }>(
      `SELECT pg_get_functiondef('${name}'::regproc::oid) AS definition`,
    );
    if (before === undefined) throw new Error('no such function');
    await sql(
      `CREATE OR REPLACE FUNCTION ${name}(${parameters}) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RAISE 'held'; END $$`,
    );
    return async () => {
      await sql(before.definition);
    };
  }
  const state = async (gateway: GatewayUnderTest) =>
    (await bench.rows(gateway)).map((row) => [row.attempt, row.state, row.dispatchedAt !== null]);

  it('cost nothing if their gateway is killed between reserving and relaying, and run after the deadline if they are posted again', async () => {
    const dying = await bench.process(bundle, [enclave], { AGENT_TIMEOUT_MS: '3000' });
    const other = await bench.gateway([enclave]);
    const letGo = await hold('dispatch_agent_call', 'p_request_id uuid, p_attempt int, p_now timestamptz');
    const request = enclave.request();
    const lost = bench.post(dying, request).catch(() => 'lost');
    await until(async () => (await bench.rows(other)).length === 1);
    await dying.kill();
    expect(await lost).toBe('lost');
    await letGo();
    expect(await state(other)).toEqual([[1, 'reserved', false]]);
    let posted = await bench.post(other, request);
    expect(posted).toMatchObject({ status: 429, code: 'task_running' });
    while (posted.code === 'task_running') posted = await bench.post(other, request);
    expect(posted).toMatchObject({ status: 200 });
    expect(enclave.calls).toHaveLength(1);
    expect(await state(other)).toEqual([[1, 'settled', true]]);
  });

  it('leave their answer in the enclave’s memory if their gateway is killed while it relays, and another gateway settles them', async () => {
    const dying = await bench.process(bundle, [enclave]);
    const other = await bench.gateway([enclave]);
    let letGo: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    enclave.provider = async () => {
      await answered;
      return {};
    };
    const request = enclave.request();
    const lost = bench.post(dying, request).catch(() => 'lost');
    await until(() => enclave.calls.length === 1);
    await dying.kill();
    expect(await lost).toBe('lost');
    const repeated = bench.post(other, request);
    letGo();
    expect(await repeated).toMatchObject({ status: 200 });
    expect(enclave.calls).toHaveLength(1);
    expect(await state(other)).toEqual([[1, 'settled', true]]);
  });

  it('are booked by another gateway, or charged, if their gateway is killed before it settles', async () => {
    const dying = await bench.process(bundle, [enclave]);
    const other = await bench.gateway([enclave]);
    const letGo = await hold(
      'end_agent_call',
      'p_request_id uuid, p_attempt int, p_state text, p_spent bigint, p_now timestamptz, p_end text, p_statement text, p_tokens bigint[], p_off_model text, p_off_why text',
    );
    const [first, second] = [enclave.request(), enclave.request()];
    const lost = [bench.post(dying, first), bench.post(dying, second, { subject: 'bob' })].map((posted) =>
      posted.catch(() => 'lost'),
    );
    const settling = `SELECT FROM pg_stat_activity
      WHERE query LIKE '%end_agent_call($1%' AND state = 'active' AND pid <> pg_backend_pid()`;
    await until(async () => (await sql(settling)).length === 2);
    await dying.kill();
    expect(await Promise.all(lost)).toEqual(['lost', 'lost']);
    await letGo();
    expect(await bench.post(other, first)).toMatchObject({ status: 200 });
    expect(enclave.calls).toHaveLength(2);
    expect(await other.app.get(OverdueSweeper).sweep(LATER(12))).toEqual({ charged: 1, released: 0 });
    expect((await state(other)).map(([, each]) => each).sort()).toEqual(['charged', 'settled']);
  });

  /**
   * 2,000 users each post one task of a random cost at once, in an hour that has room for about a third of what they reserve. Gateways are
   * killed and started again; a client repeats its bytes through the next gateway, as the client library does.
   */
  it('never exceed a cap when 2,000 tasks of random cost run at once through three gateways that are killed', async () => {
    const cap = 1_200_000n;
    const environment = {
      SYSTEM_HOURLY_LIMIT: '1.2',
      EMERGENCY_SHUTDOWN_THRESHOLD: '50',
      MAX_CONNECTIONS_PER_ADDRESS: '5000',
      AGENT_TIMEOUT_MS: '60000',
    };
    enclave.maxConcurrent = 10_000;
    enclave.provider = async () => {
      await sleep(randomInt(5, 200));
      // At most the reservation, which is for 12,000 input and 1,024 output tokens in the smallest bucket.
      return randomInt(10) === 0
        ? { usageState: 'unknown', end: 'lost' }
        : { usage: { input: randomInt(1, 9000), output: randomInt(1, 1000) } };
    };
    const start = () => bench.process(bundle, [enclave], environment);
    const gateways: GatewayProcess[] = await Promise.all([start(), start(), start()]);
    const ends = new Map<string, number>();
    let open = 2000;
    // Kills depend on how many tasks are still open, not on the clock, so that a slow machine has as many kills.
    const killAt = new Set([1700, 1400, 1100, 800, 500, 200]);
    let killing = Promise.resolve();
    const killOne = async () => {
      const at = randomInt(gateways.length);
      await gateways[at]?.kill();
      gateways[at] = await start();
    };

    const client = async (user: number): Promise<void> => {
      const request = enclave.request();
      let last = 'none';
      for (let tried = 0; tried < 60; tried++) {
        const gateway = gateways[(user + tried) % gateways.length];
        const posted: Posted | null =
          gateway === undefined
            ? null
            : await bench.post(gateway, request, { subject: `user-${String(user)}` }).catch(() => null);
        last = posted === null ? 'cut' : posted.code;
        if (posted !== null && !['overloaded', 'database_unavailable', 'task_running', 'shutting_down'].includes(last))
          break;
        await sleep(randomInt(100, 1500));
      }
      ends.set(last, (ends.get(last) ?? 0) + 1);
      if (killAt.has(--open)) killing = killing.then(killOne);
    };
    const clients = Promise.all(Array.from({ length: 2000 }, (_, user) => client(user)));

    const over: unknown[] = [];
    while (open > 0) {
      await sleep(250);
      const windows = await sql<{ used: string }>(
        `SELECT (reserved_micro_usd + spent_micro_usd)::text AS used FROM budget_window WHERE scope = 'system_hour'`,
      );
      over.push(...windows.filter(({ used }) => BigInt(used) > cap));
    }
    await clients;
    await killing;
    expect(over).toEqual([]);
    expect(ends.get('ok') ?? 0).toBeGreaterThan(0);
    expect(ends.get('system_hourly_limit_reached') ?? 0).toBeGreaterThan(0);
    // At most one call for each task, however often its bytes were posted.
    const calls = enclave.calls.map(({ requestId }) => requestId);
    expect(new Set(calls).size).toBe(calls.length);

    const sweeping = await bench.gateway([enclave]);
    await sweeping.app.get(OverdueSweeper).sweep(LATER(15));
    const rows = await sweeping.app.get(Database).client.agentReservation.findMany();
    expect(rows.filter(({ state: each }) => each === 'reserved')).toEqual([]);
    // The ledger booked every request to a provider.
    const booked = rows.filter(({ state: each }) => each !== 'released').map(({ requestId }) => requestId);
    expect(booked).toEqual(expect.arrayContaining(calls));
    const [hour] = await sql<{ reserved: string; spent: string }>(
      `SELECT sum(reserved_micro_usd)::text AS reserved, sum(spent_micro_usd)::text AS spent FROM budget_window WHERE scope = 'system_hour'`,
    );
    expect(hour?.reserved).toBe('0');
    expect(BigInt(hour?.spent ?? 0)).toBe(rows.reduce((sum, { spentMicroUsd }) => sum + (spentMicroUsd ?? 0n), 0n));
  }, 400_000);
});

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import fc from 'fast-check';
import { testConfig } from '../../testing/gateway-under-test';
import { acceptMessages } from '../acceptance/accept-messages';
import { acceptanceParts, noise } from '../acceptance/testing/acceptance-parts';
import { AgentLedger, type AttemptEnd } from '../agents/agent-ledger';
import { windowsOf } from './windows';

const START = Date.UTC(2030, 0, 1, 22, 30);
const OWNERS = ['a', 'b', 'c'].map((letter) => letter.repeat(43));
const CAPS = {
  userDayCapMicroUsd: 500_000n,
  userDayMessages: 0,
  systemHourCapMicroUsd: 900_000n,
  systemDayCapMicroUsd: 1_200_000n,
};
/** A user's tasks may hold at most a twentieth of the hour. */
const TASK = 45_000n;

const owner = fc.constantFrom(...OWNERS);
const minute = fc.nat(179); // three hours, two days
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('mail' as const), owner, minute, amount: fc.bigInt(0n, 200_000n) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end mail' as const), which: fc.nat(), spent: fc.bigInt(0n, 200_000n) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('task' as const), owner, minute, amount: fc.bigInt(1n, TASK) }),
  },
  // A statement's cost may be above the reservation, and the statement may come after the charge or the release.
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('statement' as const), which: fc.nat(), spent: fc.bigInt(0n, 2n * TASK) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('dispatch' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('overdue' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);
interface State {
  readonly messages: string[];
  readonly tasks: string[];
  /** Tasks whose statement came after their release. */
  readonly afterRelease: string[];
}
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

/** Random sequences of messages and tasks that spend from the same windows, some at the same time, through the functions of prisma/sql. */
describe('messages and tasks of agents', () => {
  let postgres: Postgres;
  let parts: ReturnType<typeof acceptanceParts>;
  let agents: AgentLedger;
  let ledgerCheck: string;
  const seen = new Set<string>();

  beforeAll(async () => {
    postgres = await startPostgres();
    const url = await postgres.createMigratedDatabase();
    parts = acceptanceParts(testConfig({ DATABASE_URL: url, AUTH_JWKS_FILE: '/x' }));
    agents = new AgentLedger(parts.database);
    const text = await readFile(join(workspaceRoot(), 'docs/operator/ledger-check.sql'), 'utf8');
    ledgerCheck = text.slice(text.indexOf('WITH promise'));
  });
  afterAll(async () => {
    await parts.database.onApplicationShutdown();
    await postgres.stop();
  });

  it('keep the windows equal to the sums of both ledgers, and exceed no cap by reserving, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(action, { minLength: 1, maxLength: 4 }), { minLength: 5, maxLength: 25 }),
        async (rounds) => {
          const { client } = parts.database;
          await client.$executeRaw`TRUNCATE message, idempotency_key, delivery_job, reservation, agent_reservation, agent_model_off, budget_window, emergency_stop`;
          const state: State = { messages: [], tasks: [], afterRelease: [] };
          for (const round of rounds) {
            const isStopped = (await parts.emergencyStop.current()) !== null;
            const before = await reservedMicroUsd();
            const outcomes = await Promise.all(round.map((one) => run(one, state)));
            for (const outcome of outcomes) seen.add(outcome);
            // Under a stop no reservation is made, unless the round clears the stop.
            if (isStopped && !round.some(({ kind }) => kind === 'clear'))
              expect(await reservedMicroUsd()).toBeLessThanOrEqual(before);
            expect(await client.$queryRawUnsafe(ledgerCheck)).toEqual([]);
            await expectWithinCaps(state);
          }
        },
      ),
      { numRuns: 60 },
    );
    for (const outcome of ['mail accepted', 'task accepted', 'charged', 'task emergency_stop', 'mail emergency_stop'])
      expect(seen).toContain(outcome);
    for (const before of ['reserved', 'charged', 'released', 'settled']) expect(seen).toContain(`statement ${before}`);
  }, 240_000);

  async function run(one: Action, state: State): Promise<string> {
    switch (one.kind) {
      case 'mail': {
        const now = new Date(START + one.minute * 60_000);
        const submission = noise();
        const key = { owner: one.owner, key: submission.messageId, explicit: false };
        const terms = { ...parts.budget.termsAt(now), ...CAPS, amountMicroUsd: one.amount };
        const [result] = await acceptMessages(parts.database, [{ submission, key }], terms);
        if (result?.outcome === 'accepted') state.messages.push(submission.messageId);
        if (result?.outcome === 'threshold_reached') await parts.emergencyStop.raise('a test');
        return `mail ${String(result?.outcome)}`;
      }
      case 'end mail': {
        const messageId = state.messages[one.which % state.messages.length];
        if (messageId === undefined) return 'nothing';
        await parts.database.transaction((transaction) =>
          parts.budget.settle(transaction, { messageId, actualMicroUsd: one.spent, now: new Date() }),
        );
        return 'mail ended';
      }
      case 'task': {
        const now = new Date(START + one.minute * 60_000);
        const requestId = randomUUID();
        const outcome = await agents.reserve({
          ...{ requestId, attempt: 1, owner: one.owner, now, ...windowsOf(now), deadlineAt: now },
          ...{ requestSha256: new Uint8Array(32), keyId: new Uint8Array(16), enclave: 'i-1' },
          ...{ modelClass: 'small', provider: 'openai', model: 'gpt-5-mini', priceVersion: '2026-11-30.1' },
          ...{ amountMicroUsd: one.amount, ...CAPS },
        });
        if (outcome === 'accepted') state.tasks.push(requestId);
        if (outcome === 'threshold_reached') await parts.emergencyStop.raise('a test');
        return `task ${outcome}`;
      }
      case 'statement': {
        const before = await end(state, one.which, {
          ...{ state: 'settled', spentMicroUsd: one.spent, end: 'complete', statement: 'a.b.c' },
          ...{ usage: null, off: null },
        });
        // The reservation was released, and another one may have taken its room.
        const requestId = state.tasks[one.which % state.tasks.length];
        if (before === 'released' && requestId !== undefined) state.afterRelease.push(requestId);
        return `statement ${before}`;
      }
      case 'release':
        return `release ${await end(state, one.which, { state: 'released' })}`;
      case 'dispatch': {
        const requestId = state.tasks[one.which % state.tasks.length];
        return requestId === undefined ? 'nothing' : agents.dispatch({ requestId, attempt: 1 }, new Date());
      }
      case 'overdue':
        return String(await agents.endOverdue(new Date(START + 86_400_000), new Date()));
      case 'stop':
        await parts.emergencyStop.raise('a test');
        return 'stopped';
      case 'clear':
        await parts.database.client.emergencyStop.deleteMany();
        return 'cleared';
    }
  }

  async function end({ tasks }: State, which: number, how: AttemptEnd): Promise<string> {
    const requestId = tasks[which % tasks.length];
    return requestId === undefined ? 'nothing' : String(await agents.end({ requestId, attempt: 1 }, how, new Date()));
  }

  async function reservedMicroUsd(): Promise<number> {
    const [row] = await parts.database.client.$queryRaw<[{ reserved: bigint }]>`
      SELECT coalesce(sum(reserved_micro_usd), 0)::bigint AS reserved FROM budget_window`;
    return Number(row.reserved);
  }

  /** A window may exceed its cap only by the amounts by which settlements exceeded their reservations. */
  async function expectWithinCaps({ afterRelease }: State): Promise<void> {
    const rows = await parts.database.client.$queryRaw<{ scope: keyof typeof CAP_OF; used: bigint; above: bigint }[]>`
      WITH above AS (
        SELECT owner, reserved_at, settled_micro_usd - reserved_micro_usd AS above FROM reservation WHERE settled_micro_usd > reserved_micro_usd
        UNION ALL SELECT owner, reserved_at, greatest(0, spent_micro_usd - CASE WHEN request_id::text = ANY (${afterRelease}) THEN 0 ELSE reserved_micro_usd END)
        FROM agent_reservation WHERE state = 'settled')
      SELECT w.scope::text AS scope, reserved_micro_usd + spent_micro_usd AS used, coalesce((
        SELECT sum(above) FROM above WHERE (w.scope <> 'user_day' OR owner = w.subject) AND reserved_at >= w.starts_at
          AND reserved_at < w.starts_at + CASE w.scope WHEN 'system_hour' THEN interval '1 hour' ELSE interval '1 day' END), 0)::bigint AS above
      FROM budget_window w`;
    for (const { scope, used, above } of rows) expect(used - above <= CAP_OF[scope]).toBe(true);
  }
});

const CAP_OF = {
  user_day: CAPS.userDayCapMicroUsd,
  system_hour: CAPS.systemHourCapMicroUsd,
  system_day: CAPS.systemDayCapMicroUsd,
} as const;

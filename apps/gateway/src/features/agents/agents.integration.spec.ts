import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentRequestToJson, encodeAgentReply } from '@communique-tee/protocol';
import type { GatewayUnderTest } from '../../testing/gateway-under-test';
import { Database } from '../../core/database/database';
import { answer, problem } from '../enclave/testing/test-enclave';
import { AttestationMonitor } from '../attestation/attestation-monitor';
import { AgentLedger } from './agent-ledger';
import { AgentOffers } from './agent-offers';
import { OverdueSweeper } from './overdue-sweeper';
import { TaskBench, until, type Posted } from './testing/task-bench';
import { encoded, TASK_CLASSES, type Done, type TaskEnclave } from './testing/task-enclave';

const LATER = (minutes: number) => new Date(Date.now() + minutes * 60_000);
/** Micro-dollars for 100 input and 50 output tokens of gpt-6-luna, rounded up. */
const COST = 35n;

describe('POST /api/agents', () => {
  let bench: TaskBench;
  let enclave: TaskEnclave;
  let gateway: GatewayUnderTest;

  beforeAll(async () => {
    bench = await TaskBench.start();
    await bench.renew();
    enclave = await bench.enclave();
    gateway = await bench.gateway([enclave]);
  });
  beforeEach(async () => {
    enclave.forget();
    await gateway.app.get(AttestationMonitor).checkNow();
    await bench.empty(gateway);
  });
  afterEach(async () => {
    expect(await bench.ledgerFaults()).toEqual([]);
    await bench.end({ gateways: 1, enclaves: 1 });
  });
  afterAll(() => bench.stop());

  const database = () => gateway.app.get(Database).client;
  const stop = () => database().emergencyStop.create({ data: { reason: 'test' } });
  const state = async () => (await bench.rows(gateway)).map((row) => [row.attempt, row.state, row.spentMicroUsd]);
  /** How much a metric rises while `work` runs. */
  async function risenBy(name: string, labels: Record<string, string>, work: () => Promise<unknown>): Promise<number> {
    const before = await bench.metric(gateway, name, labels);
    await work();
    return (await bench.metric(gateway, name, labels)) - before;
  }
  /** Makes the provider wait with its answer until the returned function is called. */
  function held(done: Done = {}) {
    let letGo: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    enclave.provider = async () => {
      await waits;
      return done;
    };
    return letGo;
  }

  it('relays a task, settles it by the signed statement, and returns the answer and the statement', async () => {
    const request = enclave.request();
    const posted = await bench.post(gateway, request);
    expect(posted).toMatchObject({ status: 200, code: 'ok', body: { attempts: 1 } });
    const [row] = await bench.rows(gateway);
    expect(row).toMatchObject({
      state: 'settled',
      end: 'complete',
      spentMicroUsd: COST,
      inputTokens: 100n,
      outputTokens: 50n,
      statement: posted.body['statement'],
      enclave: enclave.moduleId,
      priceVersion: expect.any(String) as unknown,
    });
    expect(row?.reservedMicroUsd).toBeGreaterThan(COST);
    const labels = { provider: 'openai', model: 'gpt-6-luna', end: 'complete' };
    expect(await bench.metric(gateway, 'communique_agent_attempts_total', labels)).toBe(1);
    expect(await bench.metric(gateway, 'communique_agent_micro_usd_total', labels)).toBe(Number(COST));
    expect(await bench.metric(gateway, 'communique_agent_tokens_total', { ...labels, kind: 'output' })).toBe(50);
  });

  it('accepts the JSON form as the same request', async () => {
    const request = enclave.request();
    await bench.post(gateway, request);
    const response = await fetch(`${gateway.url}/api/agents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await bench.token()}` },
      body: JSON.stringify(agentRequestToJson(request)),
    });
    expect(response.status).toBe(200);
    expect(enclave.calls).toHaveLength(1);
  });

  it('refuses unreadable requests, callers without a token, unattested model classes, retired keys and wrong expiries', async () => {
    const unsigned = await fetch(`${gateway.url}/api/agents`, { method: 'POST', body: encoded(enclave.request()) });
    expect(unsigned.status).toBe(401);
    const request = enclave.request();
    const cases = [
      [new Uint8Array([1, 2, 3]), 'malformed_body'],
      [{ ...request, modelClass: 'nothing' }, 'model_class_unknown'],
      [enclave.request({ sealed: { keyId: new Uint8Array(16) } }), 'key_retired'],
      [enclave.request({ sealed: { expiresAtSeconds: Math.floor(Date.now() / 1000) + 700 } }), 'expiry_out_of_range'],
      [enclave.request({ sealed: { expiresAtSeconds: Math.floor(Date.now() / 1000) - 1 } }), 'expiry_out_of_range'],
    ] as const;
    for (const [body, code] of cases) expect(await bench.post(gateway, body)).toMatchObject({ code });
    expect(enclave.calls).toEqual([]);
    expect(await bench.rows(gateway)).toEqual([]);
  });

  it('lists the attested model classes, and whether each one is available', async () => {
    await database().agentModelOff.create({ data: { provider: 'openai', model: '*', why: 'free_tier' } });
    const response = await fetch(`${gateway.url}/api/agents`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=10');
    expect(await response.json()).toMatchObject({
      on: true,
      classes: [
        { id: 'quick', provider: 'openai', available: false },
        { id: 'careful', provider: 'anthropic', available: true },
        { id: 'other', provider: 'gemini', available: true },
      ],
    });
    expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 503, code: 'model_off' });
    expect(await bench.post(gateway, enclave.request({ modelClass: 'careful' }))).toMatchObject({ status: 200 });
  });

  it('treats a model that has no price today as off, and reports it in health and metrics', async () => {
    const [quick, ...others] = TASK_CLASSES.map((each) => ({
      ...each,
      tasks: ['subject' as const],
      maxOutputTokens: 2048,
    }));
    if (quick === undefined) throw new Error('no class');
    const off = { provider: quick.provider, model: 'gpt-without-a-price' };
    const state = async () => {
      const [offer, health] = await Promise.all(
        ['agents', 'health/tee'].map(async (path) => (await fetch(`${gateway.url}/api/${path}`)).json()),
      );
      return {
        available: (offer as { classes: { available: boolean }[] }).classes.map(({ available }) => available),
        health: (health as { details: Record<string, unknown> }).details['agents'],
      };
    };
    // While the database answers late, the gauge is absent
    const counted = (count: number) =>
      until(async () => (await bench.metric(gateway, 'communique_agent_models_off')) === count);
    await until(async () => (await gateway.app.get(AgentOffers).modelsOff()).length === 0);
    enclave.configure({
      classes: [{ ...quick, model: off.model }, { ...quick, id: 'twice', model: off.model }, ...others],
    });
    await gateway.app.get(AttestationMonitor).checkNow();
    expect(await state()).toEqual({
      available: [false, false, true, true],
      health: { on: true, code: 'models_off', off: [{ ...off, why: 'no_price' }], status: 'degraded' },
    });
    await counted(1);
    expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 503, code: 'model_off' });
    expect(await bench.post(gateway, enclave.request({ modelClass: 'careful' }))).toMatchObject({ status: 200 });
    enclave.configure();
    await gateway.app.get(AttestationMonitor).checkNow();
    expect(await state()).toEqual({ available: [true, true, true], health: { on: true, status: 'up' } });
    await counted(0);
  });

  it('takes no task if the enclave attests another price table or does not offer the service', async () => {
    const offer = async () => (await fetch(`${gateway.url}/api/agents`)).json();
    for (const agents of [{ pricesSha256: 'ab'.repeat(32) }, null]) {
      enclave.configure(agents);
      await gateway.app.get(AttestationMonitor).checkNow();
      expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 404, code: 'agents_off' });
      expect(await offer()).toEqual({ on: false, classes: [], prices: null });
    }
    expect(enclave.calls).toEqual([]);
  });

  it('gives a user the same answer to the same bytes from any gateway, after one call to the provider', async () => {
    const other = await bench.gateway([enclave]);
    const request = enclave.request();
    const letGo = held();
    const both = [bench.post(gateway, request), bench.post(other, request)];
    await until(() => enclave.calls.length === 1);
    letGo();
    const settled = await Promise.all(both);
    for (let posted of settled) {
      // The second request may have arrived before the first one was relayed.
      while (posted.code === 'task_running') posted = await bench.post(other, request);
      expect(posted).toMatchObject({ status: 200 });
    }
    const again = await bench.post(other, request);
    const first = await bench.post(gateway, request);
    expect(again.body).toEqual(first.body);
    expect(enclave.calls).toHaveLength(1);
    expect(await state()).toEqual([[1, 'settled', COST]]);
  });

  it('answers with retry later if a repeat reaches the enclave before the task does, and still runs the task', async () => {
    const request = enclave.request();
    let arrive: () => void = () => undefined;
    const onTheWay = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    let first = true;
    enclave.intercept = async ({ path }) => {
      if (path !== '/agents' || !first) return false;
      first = false;
      await onTheWay;
      return false;
    };
    const other = await bench.gateway([enclave]);
    const posted = bench.post(gateway, request);
    await until(() => !first);
    expect(await bench.post(other, request)).toMatchObject({ status: 429, code: 'task_running', retryAfter: '2' });
    arrive();
    expect(await posted).toMatchObject({ status: 200 });
    expect((await bench.post(gateway, request)).body).toEqual((await posted).body);
    expect(enclave.calls).toHaveLength(1);
  });

  it('uses one connection to the enclave if the same bytes are posted again while their task runs', async () => {
    const request = enclave.request();
    const letGo = held();
    const first = bench.post(gateway, request);
    await until(() => enclave.calls.length === 1);
    const read = gateway.app.get(AgentLedger);
    const taken = jest.spyOn(read, 'attemptsOf');
    const repeats = Array.from({ length: 20 }, () => bench.post(gateway, request));
    await until(() => taken.mock.results.length === 20);
    await Promise.all(taken.mock.results.map(({ value }) => value as Promise<unknown>));
    taken.mockRestore();
    letGo();
    const { body } = await first;
    for (const repeat of await Promise.all(repeats)) expect(repeat).toMatchObject({ status: 200, body });
    expect(enclave.server.requests.filter(({ path }) => path === '/agents')).toHaveLength(1);
  });

  it('reveals nothing to another user about bytes that are not theirs', async () => {
    const request = enclave.request();
    await bench.post(gateway, request);
    const others = [
      await bench.post(gateway, request, { subject: 'mallory' }),
      await bench.post(gateway, enclave.request({ sealed: { messageId: request.sealed.messageId } }), {
        subject: 'mallory',
      }),
    ];
    for (const posted of others) expect(posted).toMatchObject({ status: 409, code: 'message_id_taken' });
    expect(others[0]?.body).toEqual(others[1]?.body);
    expect(enclave.calls).toHaveLength(1);
  });

  it('does not call the provider for a repeat if the task’s enclave was restarted, even if another enclave has the same key', async () => {
    const sibling = await bench.enclave(enclave);
    const both = await bench.gateway([enclave, sibling]);
    const request = enclave.request();
    let posted = await bench.post(both, request);
    expect(posted).toMatchObject({ status: 200 });
    const [one, two] = enclave.calls.length === 1 ? [enclave, sibling] : [sibling, enclave];
    await one.kill();
    posted = await bench.post(both, request);
    while (posted.code === 'enclave_unavailable') posted = await bench.post(both, request);
    expect(posted).toMatchObject({ status: 409, code: 'outcome_unknown' });
    await one.boot();
    // Once before the gateway notices the restart, and once after
    expect(await bench.post(both, request)).toMatchObject({ code: 'outcome_unknown' });
    await both.app.get(AttestationMonitor).checkNow();
    expect(await bench.post(both, request)).toMatchObject({ code: 'outcome_unknown' });
    expect(one.calls.length + two.calls.length).toBe(1);
  });

  it('runs only one task of a user at a time', async () => {
    const letGo = held();
    const first = bench.post(gateway, enclave.request());
    await until(() => enclave.calls.length === 1);
    expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 429, code: 'task_running' });
    const other = bench.post(gateway, enclave.request(), { subject: 'bob' });
    await until(() => enclave.calls.length === 2);
    letGo();
    expect(await first).toMatchObject({ status: 200 });
    expect(await other).toMatchObject({ status: 200 });
  });

  it.each([
    ['user_daily_limit_reached', 429, { DEFAULT_USER_DAILY_LIMIT: '1.60' }, { user: 1_599_000n }],
    ['system_hourly_limit_reached', 503, { SYSTEM_HOURLY_LIMIT: '1.60' }, { hour: 1_599_000n }],
    ['agent_share_reached', 429, { SYSTEM_HOURLY_LIMIT: '1.60' }, {}],
  ])('refuses with %s before any call', async (code, status, environment, used) => {
    const tight = await bench.gateway([enclave], environment);
    // A cap must be at least the highest cost of a message; a large task for a more expensive model costs about a twentieth of that.
    const request = enclave.request({ modelClass: 'careful', bucket: 32_768 });
    await bench.post(tight, enclave.request());
    const { user, hour } = used as { user?: bigint; hour?: bigint };
    if (user !== undefined)
      await database().budgetWindow.updateMany({ where: { scope: 'user_day' }, data: { spentMicroUsd: user } });
    if (hour !== undefined)
      await database().budgetWindow.updateMany({ where: { scope: 'system_hour' }, data: { spentMicroUsd: hour } });
    const posted = await bench.post(tight, request);
    expect(posted).toMatchObject({ status, code, retryAfter: expect.any(String) as unknown });
    expect(enclave.calls).toHaveLength(1);
    await database().budgetWindow.updateMany({
      where: { scope: { not: 'system_day' } },
      data: { spentMicroUsd: COST },
    });
  });

  it('raises the emergency stop when spending leaves no room for a task, and then refuses every task', async () => {
    const tight = await bench.gateway([enclave], { EMERGENCY_SHUTDOWN_THRESHOLD: '1.60' });
    await bench.post(tight, enclave.request());
    await database().budgetWindow.updateMany({ where: { scope: 'system_day' }, data: { spentMicroUsd: 1_599_999n } });
    expect(await bench.post(tight, enclave.request())).toMatchObject({ status: 503, code: 'emergency_stop' });
    expect(await database().emergencyStop.count({ where: { clearedAt: null } })).toBe(1);
    expect(await bench.post(gateway, enclave.request(), { subject: 'bob' })).toMatchObject({ code: 'emergency_stop' });
    await database().budgetWindow.updateMany({ where: { scope: 'system_day' }, data: { spentMicroUsd: COST } });
  });

  describe('a statement', () => {
    it('with a cost above the reservation is booked in full, raises an alarm and switches the model off', async () => {
      enclave.provider = () => ({ usage: { input: 38_651, output: 1301, thinking: 355_987 } });
      const alarms = await risenBy('communique_agent_alarms_total', { alarm: 'above_reservation' }, async () => {
        expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 200 });
      });
      expect(alarms).toBe(1);
      const [row] = await bench.rows(gateway);
      expect(row?.spentMicroUsd).toBeGreaterThan(row?.reservedMicroUsd ?? 0n);
      expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 503, code: 'model_off' });
      expect(await bench.post(gateway, enclave.request({ modelClass: 'careful' }))).toMatchObject({ status: 200 });
      await database().agentModelOff.updateMany({
        data: { clearedAt: new Date(), clearedBy: 'op', clearedWhy: 'seen' },
      });
      enclave.provider = () => ({});
      expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 200 });
    });

    const stranger = generateKeyPairSync('ed25519').privateKey;
    it.each<[string, Done | ((request: Uint8Array) => Promise<Done>)]>([
      ['under another key', { key: stranger }],
      ['of another request', { claims: { request_id: '4eb3d10b-6f4d-48b6-996e-9fae76363ed1' } }],
      ['of other bytes', { claims: { request_sha256: 'A'.repeat(43) } }],
      ['of another attempt', { claims: { attempt: 2 } }],
      ['of another model', { claims: { provider: 'gemini', model: 'gemini-3.5-flash-lite' } }],
      ['of another class', { claims: { model_class: 'careful' } }],
      ['under another price table', { claims: { prices_sha256: 'ab'.repeat(32) } }],
      ['with a cost that is too low', { claims: { cost_micro_usd: '1' } }],
      ['with a cost that is too high', { claims: { cost_micro_usd: '9999999' } }],
      [
        'that claims that an answer was not billed',
        { claims: { usage_state: 'not_billed', usage: null, cost_micro_usd: '0' } },
      ],
      ['of another measurement', { claims: { pcr0: 'ab'.repeat(48) } }],
      ['of another time', { claims: { time: Math.floor(Date.now() / 1000) - 86_400 } }],
      ['that cannot be decoded', { reply: { statement: 'a.b.c' } }],
    ])('%s is refused, and the reservation stays until it is charged', async (_, done) => {
      const forged = done as Done;
      // The enclave's own function refuses to sign claims that contradict each other, so the test signs them itself.
      enclave.provider = () => forged;
      const posted = await bench.post(gateway, enclave.request());
      expect(['enclave_answer_invalid', 'enclave_unavailable']).toContain(posted.code);
      expect(await state()).toEqual([[1, 'reserved', null]]);
      const sweeper = gateway.app.get(OverdueSweeper);
      expect(await sweeper.sweep(LATER(11))).toEqual({ charged: 0, released: 0 });
      expect(await sweeper.sweep(LATER(12))).toEqual({ charged: 1, released: 0 });
      const [row] = await bench.rows(gateway);
      expect(row).toMatchObject({ state: 'charged', spentMicroUsd: row?.reservedMicroUsd, statement: null });
    });

    it('that was signed for another task is refused', async () => {
      const cheap = await enclave.reply(encoded(enclave.request()), 1, { usage: { input: 1, output: 1 } });
      enclave.provider = () => ({ reply: cheap });
      const refused = await risenBy('communique_agent_statements_refused_total', {}, async () => {
        expect(await bench.post(gateway, enclave.request())).toMatchObject({ code: 'enclave_answer_invalid' });
      });
      expect(refused).toBe(1);
      expect(await state()).toEqual([[1, 'reserved', null]]);
    });

    it('that comes late replaces the charge', async () => {
      enclave.intercept = (request, response) => {
        if (request.path !== '/agents') return false;
        enclave.intercept = () => false;
        // The enclave's answer is lost, although the provider has answered.
        void enclave.server.behaviour(request, {
          ...response,
          socket: null,
          writeHead: () => ({ end: () => null }),
        } as never);
        response.socket?.destroy();
        return true;
      };
      const request = enclave.request();
      expect(await bench.post(gateway, request)).toMatchObject({ status: 503, code: 'enclave_unavailable' });
      expect(await state()).toEqual([[1, 'reserved', null]]);
      expect(await gateway.app.get(OverdueSweeper).sweep(LATER(12))).toEqual({ charged: 1, released: 0 });
      await gateway.app.get(AttestationMonitor).checkNow();
      expect(await bench.post(gateway, request)).toMatchObject({ status: 200 });
      expect(await state()).toEqual([[1, 'settled', COST]]);
      expect(enclave.calls).toHaveLength(1);
    });

    it('without usable token counts costs exactly the reservation', async () => {
      enclave.provider = () => ({ usageState: 'invalid' });
      await bench.post(gateway, enclave.request());
      const [row] = await bench.rows(gateway);
      expect(row).toMatchObject({ state: 'settled', spentMicroUsd: row?.reservedMicroUsd, inputTokens: null });
    });
  });

  describe('when a provider', () => {
    it.each(['funds', 'key', 'location', 'request', 'model', 'quota'] as const)(
      'fails with %s, the gateway returns the statement, charges nothing and raises an alarm',
      async (end) => {
        enclave.provider = () => ({ end, usageState: 'not_billed' });
        const request = enclave.request();
        const before = await bench.metric(gateway, 'communique_agent_alarms_total', { provider: 'openai', alarm: end });
        const posted = await bench.post(gateway, request);
        expect(posted).toMatchObject({
          status: 503,
          code: 'provider_unavailable',
          body: {
            reason: end,
            statement: expect.any(String) as unknown,
            attestationDocument: expect.any(String) as unknown,
          },
        });
        expect(await state()).toEqual([[1, 'settled', 0n]]);
        expect(await bench.metric(gateway, 'communique_agent_alarms_total', { provider: 'openai', alarm: end })).toBe(
          before + 1,
        );
        expect((await bench.post(gateway, request)).body).toEqual(posted.body);
        expect(enclave.calls).toHaveLength(1);
      },
    );

    it('answers from its free tier, the gateway switches the provider off', async () => {
      enclave.provider = () => ({ end: 'free_tier', usageState: 'not_billed' });
      expect(await bench.post(gateway, enclave.request({ modelClass: 'other' }))).toMatchObject({
        status: 503,
        body: { code: 'provider_unavailable', reason: 'free_tier' },
      });
      expect(await database().agentModelOff.findMany()).toMatchObject([
        { provider: 'gemini', model: '*', why: 'free_tier' },
      ]);
      expect(await bench.post(gateway, enclave.request({ modelClass: 'other' }))).toMatchObject({ code: 'model_off' });
      expect(enclave.calls).toHaveLength(1);
    });

    it('bills another tier, the gateway charges the reservation, raises an alarm and returns the answer', async () => {
      enclave.provider = () => ({ end: 'tier_mismatch', usageState: 'invalid' });
      expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 200 });
      expect(await bench.metric(gateway, 'communique_agent_alarms_total', { alarm: 'tier_mismatch' })).toBe(1);
      const [row] = await bench.rows(gateway);
      expect(row?.spentMicroUsd).toBe(row?.reservedMicroUsd);
    });

    it('reports an error with status 200, the gateway charges the reservation and makes no second attempt', async () => {
      enclave.provider = () => ({ end: 'server_error', usageState: 'unknown' });
      const posted = await bench.post(gateway, enclave.request());
      expect(posted).toMatchObject({ status: 503, body: { reason: 'server_error' } });
      const [row] = await bench.rows(gateway);
      expect(row).toMatchObject({ state: 'settled', spentMicroUsd: row?.reservedMicroUsd });
      expect(enclave.calls).toHaveLength(1);
    });
  });

  describe('a second attempt', () => {
    const retried = (first: Done) => {
      enclave.provider = ({ attempt }) => (attempt === 1 ? { again: { afterMs: 10 }, ...first } : {});
    };

    it('has a separate reservation and statement', async () => {
      retried({ end: 'lost', usageState: 'unknown' });
      const request = enclave.request();
      const posted = await bench.post(gateway, request);
      expect(posted).toMatchObject({ status: 200, body: { attempts: 2 } });
      const rows = await bench.rows(gateway);
      expect(rows).toMatchObject([
        { attempt: 1, state: 'settled', end: 'lost', spentMicroUsd: rows[0]?.reservedMicroUsd },
        { attempt: 2, state: 'settled', end: 'complete', spentMicroUsd: COST },
      ]);
      expect((await bench.post(gateway, request)).body).toEqual(posted.body);
      expect(enclave.calls).toHaveLength(2);
    });

    it('is not made after an emergency stop, until an operator clears the stop', async () => {
      enclave.provider = async ({ attempt }) => {
        if (attempt === 1) await stop();
        return attempt === 1 ? { end: 'rate', usageState: 'not_billed', again: { afterMs: 10 } } : {};
      };
      const request = enclave.request();
      expect(await bench.post(gateway, request)).toMatchObject({ status: 503, code: 'emergency_stop' });
      expect(enclave.calls).toHaveLength(1);
      expect(await state()).toEqual([[1, 'settled', 0n]]);
      await database().emergencyStop.updateMany({
        data: { clearedAt: new Date(), clearedBy: 'op', clearedWhy: 'seen' },
      });
      expect(await bench.post(gateway, request)).toMatchObject({ status: 200, body: { attempts: 2 } });
      expect(enclave.calls).toHaveLength(2);
    });

    it('is not made if a budget window has no room; the caller gets the first attempt’s outcome', async () => {
      enclave.provider = async () => {
        await database().budgetWindow.updateMany({ where: { scope: 'user_day' }, data: { spentMicroUsd: 10n ** 9n } });
        return { end: 'overloaded', usageState: 'not_billed', again: { afterMs: 10 } };
      };
      const posted = await bench.post(gateway, enclave.request());
      expect(posted).toMatchObject({ status: 503, body: { code: 'provider_unavailable', reason: 'overloaded' } });
      expect(enclave.calls).toHaveLength(1);
      await database().budgetWindow.updateMany({ where: { scope: 'user_day' }, data: { spentMicroUsd: 0n } });
    });

    it('is not made if the enclave proposes none', async () => {
      enclave.provider = () => ({ end: 'overloaded', usageState: 'not_billed' });
      expect(await bench.post(gateway, enclave.request())).toMatchObject({ status: 503 });
      expect(enclave.calls).toHaveLength(1);
    });
  });

  describe('an enclave that has no room for a task', () => {
    it('makes tasks wait in the gateway until the enclave has room', async () => {
      enclave.maxConcurrent = 1;
      const letGo = held();
      const first = bench.post(gateway, enclave.request());
      await until(() => enclave.calls.length === 1);
      const second = bench.post(gateway, enclave.request(), { subject: 'bob' });
      await until(() => enclave.server.requests.filter(({ path }) => path === '/agents').length >= 3);
      letGo();
      expect(await first).toMatchObject({ status: 200 });
      expect(await second).toMatchObject({ status: 200 });
    });

    it('is not chosen while another enclave has room', async () => {
      const sibling = await bench.enclave(enclave);
      const both = await bench.gateway([enclave, sibling]);
      enclave.maxConcurrent = 0;
      const asked = () => enclave.server.requests.filter(({ path }) => path === '/agents').length;
      const early: Promise<Posted>[] = [];
      // The gateway chooses at random between equally busy enclaves, so after some tries a task reaches the full one.
      while (asked() === 0) {
        early.push(bench.post(both, enclave.request(), { subject: `early-${String(early.length)}` }));
        await sleep(20);
      }
      for (let at = 0; at < 3; at++)
        expect(await bench.post(both, enclave.request(), { subject: `later-${String(at)}` })).toMatchObject({
          status: 200,
        });
      enclave.maxConcurrent = 8;
      for (const posted of await Promise.all(early)) expect(posted).toMatchObject({ status: 200 });
    });

    it('begins no call after a stop: waiting tasks are refused, and their reservations are released', async () => {
      enclave.maxConcurrent = 1;
      const letGo = held();
      const running = bench.post(gateway, enclave.request());
      await until(() => enclave.calls.length === 1);
      const waiting = Array.from({ length: 5 }, (_, at) =>
        bench.post(gateway, enclave.request(), { subject: `user-${String(at)}` }),
      );
      await until(async () => (await bench.rows(gateway)).length === 6);
      await stop();
      letGo();
      for (const posted of await Promise.all(waiting))
        expect(posted).toMatchObject({ status: 503, code: 'emergency_stop' });
      expect(await running).toMatchObject({ status: 200 });
      expect(enclave.calls).toHaveLength(1);
      expect((await state()).map(([, each]) => each).sort()).toEqual([...Array<string>(5).fill('released'), 'settled']);
    });
  });

  describe('a task', () => {
    it('continues and is settled when its client leaves, and a repeat gets its answer', async () => {
      const letGo = held();
      const request = enclave.request();
      const leaving = new AbortController();
      const left = bench.post(gateway, request, { signal: leaving.signal }).catch(() => 'left');
      await until(() => enclave.calls.length === 1);
      leaving.abort();
      expect(await left).toBe('left');
      letGo();
      await until(async () => (await bench.rows(gateway))[0]?.state === 'settled');
      expect(await bench.post(gateway, request)).toMatchObject({ status: 200 });
      expect(enclave.calls).toHaveLength(1);
    });

    it('is released when its client leaves while it waits', async () => {
      enclave.maxConcurrent = 0;
      const leaving = new AbortController();
      const left = bench.post(gateway, enclave.request(), { signal: leaving.signal }).catch(() => 'left');
      await until(() => enclave.server.requests.some(({ path }) => path === '/agents'));
      leaving.abort();
      await left;
      await until(async () => (await bench.rows(gateway))[0]?.state === 'released');
      expect(enclave.calls).toEqual([]);
    });

    it.each(['key_retired', 'keys_not_ready', 'sealed_message_refused', 'message_expired', 'model_off'] as const)(
      'is released at once if the enclave refuses it with %s before any byte is sent to a provider',
      async (code) => {
        enclave.intercept = async (request, response) => {
          if (request.path !== '/agents') return false;
          await problem(code)(request, response);
          return true;
        };
        const request = enclave.request();
        expect(await bench.post(gateway, request)).toMatchObject({ code });
        expect(await state()).toEqual([[1, 'released', 0n]]);
        // No money was spent, so the same bytes may be tried again.
        enclave.intercept = () => false;
        expect(await bench.post(gateway, request)).toMatchObject({ status: 200 });
        expect(await state()).toEqual([[1, 'settled', COST]]);
      },
    );

    it('is charged if the enclave dies during the task, and its sender may post another task after the deadline', async () => {
      const short = await bench.gateway([enclave], { AGENT_TIMEOUT_MS: '2000' });
      held();
      const dying = bench.post(short, enclave.request());
      await until(() => enclave.calls.length === 1);
      await enclave.kill();
      expect(await dying).toMatchObject({ status: 503, code: 'enclave_unavailable' });
      expect(await state()).toEqual([[1, 'reserved', null]]);
      await enclave.boot();
      enclave.provider = () => ({});
      await short.app.get(AttestationMonitor).checkNow();
      let posted = await bench.post(short, enclave.request());
      expect(posted).toMatchObject({ status: 429, code: 'task_running' });
      while (posted.code === 'task_running') posted = await bench.post(short, enclave.request());
      expect(posted).toMatchObject({ status: 200 });
      expect(await short.app.get(OverdueSweeper).sweep(LATER(11))).toEqual({ charged: 1, released: 0 });
    });

    it('stays reserved after the time-out of a provider that hangs, and is settled by a repeat', async () => {
      const short = await bench.gateway([enclave], { AGENT_TIMEOUT_MS: '1000' });
      const letGo = held();
      const request = enclave.request();
      expect(await bench.post(short, request)).toMatchObject({ status: 504, code: 'enclave_timeout' });
      expect(await state()).toEqual([[1, 'reserved', null]]);
      letGo();
      expect(await bench.post(gateway, request)).toMatchObject({ status: 200 });
      expect(await state()).toEqual([[1, 'settled', COST]]);
    });

    it('is settled once, even if the enclave signs a second statement', async () => {
      const request = enclave.request();
      await bench.post(gateway, request);
      const counted = await bench.metric(gateway, 'communique_agent_attempts_total');
      const dearer = await enclave.reply(encoded(request), 1, { usage: { input: 1000, output: 500 } });
      enclave.intercept = ({ path }, response) => {
        if (path !== '/agents') return false;
        answer(response, 200, 'application/cbor', encodeAgentReply(dearer));
        return true;
      };
      expect(await bench.post(gateway, request)).toMatchObject({ status: 200 });
      expect(await state()).toEqual([[1, 'settled', COST]]);
      expect(await bench.metric(gateway, 'communique_agent_attempts_total')).toBe(counted);
    });

    it('stays reserved if the enclave’s answer cannot be read', async () => {
      enclave.intercept = ({ path }, response) => {
        if (path !== '/agents') return false;
        answer(response, 200, 'text/html', '<html>');
        return true;
      };
      expect(await bench.post(gateway, enclave.request())).toMatchObject({
        status: 502,
        code: 'enclave_answer_invalid',
      });
      expect(await state()).toEqual([[1, 'reserved', null]]);
    });
  });

  it('reports problems with agents in health as degraded, never as down', async () => {
    const health = async () => {
      const response = await fetch(`${gateway.url}/api/health/tee`);
      const body = (await response.json()) as { details: Record<string, unknown>; error: Record<string, unknown> };
      expect(body.error['agents']).toBeUndefined();
      return body.details['agents'];
    };
    await until(async () => (await gateway.app.get(AgentOffers).modelsOff()).length === 0);
    expect(await health()).toEqual({ on: true, status: 'up' });
    const off = { provider: 'gemini', model: '*', why: 'free_tier' };
    await database().agentModelOff.create({ data: off });
    await until(async () => (await gateway.app.get(AgentOffers).modelsOff()).length === 1);
    expect(await health()).toEqual({ on: true, code: 'models_off', off: [off], status: 'degraded' });
    enclave.configure({ pricesVersion: '2020-01-01.1' });
    await gateway.app.get(AttestationMonitor).checkNow();
    expect(await health()).toEqual({ on: false, code: 'prices_disagree', status: 'degraded' });
    enclave.configure(null);
    await gateway.app.get(AttestationMonitor).checkNow();
    expect(await health()).toEqual({ on: false, code: 'agents_not_offered', status: 'degraded' });
  });

  it('refuses tasks if agents are switched off', async () => {
    const off = await bench.gateway([enclave], { AGENTS: 'off' });
    expect(await bench.post(off, enclave.request())).toMatchObject({ status: 404, code: 'agents_off' });
    expect(await (await fetch(`${off.url}/api/agents`)).json()).toEqual({ on: false, classes: [], prices: null });
  });
});

import { randomUUID } from 'node:crypto';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { CommandLine } from '@communique-tee/command-line';
import { clearModel, clearStop, keys, status, type World } from './commands';

describe('the operator’s commands', () => {
  let postgres: Postgres;
  let url: string;
  let client: Client;
  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createMigratedDatabase();
    client = new Client({ connectionString: url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await postgres.stop();
  });

  async function operator(args: string[], database: string | undefined = url) {
    let out = '';
    let err = '';
    const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
    const world: World = { streams, databaseUrl: () => database };
    const line = new CommandLine('operator', '', streams);
    status(line.program.command('status'), line, world);
    clearStop(line.program.command('clear-stop'), line, world);
    clearModel(line.program.command('clear-model'), line, world);
    keys(line.program.command('keys'), line, world);
    const code = await line.parse(args);
    return { code, out, err };
  }

  it('clear-stop clears an emergency stop once, and records who cleared it and why', async () => {
    await client.query("INSERT INTO emergency_stop (id, reason) VALUES ($1, 'threshold')", [randomUUID()]);
    expect(await operator(['status'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('EMERGENCY STOP since') as string,
    });
    expect(await operator(['clear-stop', '--by', 'Ada', '--why', 'threshold raised'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('by Ada') as string,
    });
    const { rows } = await client.query(
      'SELECT cleared_by, cleared_why FROM emergency_stop WHERE cleared_at IS NOT NULL',
    );
    expect(rows).toEqual([{ cleared_by: 'Ada', cleared_why: 'threshold raised' }]);
    expect(await operator(['clear-stop', '--by', 'Ada', '--why', 'again'])).toMatchObject({ code: 1 });
    expect(await operator(['status'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('No emergency stop') as string,
    });
  });

  it('clear-model clears one model or a whole provider once, and records who cleared it and why', async () => {
    await client.query(`INSERT INTO agent_model_off (id, provider, model, since, why) VALUES
      (gen_random_uuid(), 'gemini', '*', '2027-03-01T12:00:00Z', 'free_tier'),
      (gen_random_uuid(), 'gemini', 'gemini-2.5-pro', '2027-03-01T13:00:00Z', 'above_reservation')`);
    const { out } = await operator(['status']);
    expect(out).toContain('OFF since 2027-03-01T12:00:00.000Z: every model of gemini (free_tier)\n');
    expect(out).toContain('OFF since 2027-03-01T13:00:00.000Z: gemini-2.5-pro of gemini (above_reservation)\n');
    const why = ['--by', 'Ada', '--why', 'paid tier again'];
    expect(await operator(['clear-model', '--model', 'gemini-2.5', ...why])).toMatchObject({ code: 1 });
    expect(await operator(['clear-model', '--provider', 'openai', ...why])).toMatchObject({ code: 1 });
    expect(await operator(['clear-model', '--model', 'gemini-2.5-pro', ...why])).toMatchObject({
      code: 0,
      out: expect.stringContaining('Cleared gemini-2.5-pro of gemini') as string,
    });
    expect(JSON.parse((await operator(['status', '--json'])).out)).toMatchObject({
      modelsOff: [{ provider: 'gemini', model: '*', why: 'free_tier' }],
    });
    expect(await operator(['clear-model', '--provider', 'gemini', ...why])).toMatchObject({ code: 0 });
    expect(await operator(['clear-model', '--provider', 'gemini', ...why])).toMatchObject({ code: 1 });
    const { rows } = await client.query('SELECT DISTINCT cleared_by, cleared_why FROM agent_model_off');
    expect(rows).toEqual([{ cleared_by: 'Ada', cleared_why: 'paid tier again' }]);
  });

  it('status shows what is reserved and spent in the current windows', async () => {
    await client.query(
      "INSERT INTO budget_window (scope, subject, starts_at, reserved_micro_usd, spent_micro_usd) VALUES ('system_day', '', date_trunc('day', now(), 'UTC'), 40000, 1230000), ('system_day', '', date_trunc('day', now(), 'UTC') - interval '1 day', 1, 1)",
    );
    const { out } = await operator(['status']);
    expect(out).toContain('reserved $0.040000, spent $1.230000');
    expect(JSON.parse((await operator(['status', '--json'])).out)).toMatchObject({
      stopped: false,
      stop: null,
      windows: [{ scope: 'system_day', reservedMicroUsd: '40000' }],
    });
  });

  it.each([
    [['clear-stop']],
    [['clear-stop', '--by', 'Ada']],
    [['clear-stop', '--by', ' ', '--why', 'x']],
    [['clear-stop', '--by', 'Ada', '--why', 'x'.repeat(501)]],
    [['clear-model', '--by', 'Ada', '--why', 'x']],
    [['clear-model', '--model', 'a', '--provider', 'b', '--by', 'Ada', '--why', 'x']],
    [['clear-model', '--model', 'a', '--by', 'Ada']],
    [['stop']],
    [['status', 'now']],
    [['status', '--force']],
    [['keys']],
    [['keys', 'list', 'all']],
    [['keys', 'revoke', '--by', 'Ada', '--why', 'x']],
    [['keys', 'revoke', 'ab', '--by', 'Ada', '--why', 'x']],
    [['keys', 'revoke', 'ab'.repeat(16), '--why', 'x']],
    [['keys', 'revoke', 'ab'.repeat(16), '--by', 'Ada']],
    [['keys', 'revoke', 'ab'.repeat(16), 'cd'.repeat(16), '--by', 'Ada', '--why', 'x']],
  ])('end with 2 and point to --help for unusable arguments (row %#)', async (args) => {
    expect(await operator(args)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--help lists what it takes') as string,
    });
  });

  it('keys lists the sealed keys, and revokes a key once', async () => {
    const [old, current] = ['0a'.repeat(16), '0b'.repeat(16)];
    expect(await operator(['keys', 'list'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('no sealed keys') as string,
    });
    for (const [keyId, epoch, rotates] of [
      [old, 1, '-1 hour'],
      [current, 2, '1 day'],
    ] as const) {
      await client.query(
        "INSERT INTO sealed_key (key_id, custody, pcr0, epoch, record, rotate_after, destroy_after) VALUES (decode($1, 'hex'), 'arn:aws:kms:us-east-1:123456789012:alias/a', decode(repeat('cd', 48), 'hex'), $2, 'sealed', now() + $3::interval, now() + interval '8 days')",
        [keyId, epoch, rotates],
      );
    }
    const { out } = await operator(['keys', 'list']);
    expect(out).toContain(
      `${old}  rotated, 0 waiting, number 1 of image cdcdcdcdcdcdcdcd... under arn:aws:kms:us-east-1:123456789012:alias/a`,
    );
    expect(out).toContain(`${current}  live`);
    expect(out).not.toContain('sealed\n');
    expect(await operator(['keys', 'revoke', 'cc'.repeat(16), '--by', 'Ada', '--why', 'x'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('No such key') as string,
    });
    expect(
      await operator(['keys', 'revoke', current.toUpperCase(), '--by', 'Ada', '--why', 'its image was withdrawn']),
    ).toMatchObject({ code: 0, out: expect.stringContaining(`Revoked ${current}, by Ada`) as string });
    expect(
      (await client.query('SELECT record, revoked_by, revoked_why FROM sealed_key WHERE revoked_at IS NOT NULL')).rows,
    ).toEqual([{ record: null, revoked_by: 'Ada', revoked_why: 'its image was withdrawn' }]);
    expect(await operator(['keys', 'revoke', current, '--by', 'Eve', '--why', 'again'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('by Ada: its image was withdrawn') as string,
    });
    expect(JSON.parse((await operator(['keys', 'list', '--json'])).out)).toMatchObject({
      keys: expect.arrayContaining([
        expect.objectContaining({ keyId: current, state: 'revoked', waiting: 0 }),
      ]) as unknown,
    });
  });

  it('print usage with --help or without arguments, and suggest a command for a misspelt one', async () => {
    for (const args of [[], ['--help'], ['keys', 'revoke', '--help', '--nonsense']])
      expect(await operator(args, '')).toMatchObject({
        code: 0,
        out: expect.stringContaining('Usage: operator') as string,
        err: '',
      });
    expect(await operator(['clear-stpo'], '')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean clear-stop?') as string,
    });
    expect(await operator(['status'], '')).toMatchObject({ code: 2 });
  });

  it.each([
    'postgresql://u:p#sesame@host:99999/x',
    'postgresql://u:p%zzsesame@127.0.0.1:1/x',
    'postgresql://sesame:x@[::1/x',
  ])('report in one line that %s cannot be used, without its password', async (database) => {
    const { code, err } = await operator(['clear-stop', '--by', 'Ada', '--why', 'x'], database);
    expect(code).toBe(1);
    expect(err).toMatch(/^the database cannot be used \([A-Z_]+\); nothing was changed\n$/);
  });

  it('report that a database does not answer, without its password', async () => {
    const { code, err } = await operator(['status'], 'postgresql://u:sesame@127.0.0.1:1/x');
    expect(code).toBe(1);
    expect(err).toContain('ECONNREFUSED');
    expect(err).not.toContain('sesame');
  });
});

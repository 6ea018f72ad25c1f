import { committedProof, TEN } from '@communique-tee/residence/testing';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { Client } from 'pg';
import { testConfig } from '../../testing/gateway-under-test';
import { acceptanceParts } from '../acceptance/testing/acceptance-parts';
import { provenSubmissionOf } from '../acceptance/submission';

const TEN_NAMES = TEN.map(({ name }) => name);

/** Returns every row of every table, with the name of its table. */
async function dump(client: Client): Promise<{ readonly place: string; readonly row: Record<string, unknown> }[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE '\\_prisma%'",
  );
  const all = [];
  for (const { name } of tables) {
    const { rows } = await client.query<Record<string, unknown>>(`SELECT xmin::text AS xmin, * FROM "${name}"`);
    all.push(...rows.map((row) => ({ place: name, row })));
  }
  return all;
}

describe('the stored rows of proven messages', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  it('contain no value that links two campaigns of one person', async () => {
    const url = await postgres.createMigratedDatabase();
    const { acceptance, database } = acceptanceParts(testConfig({ DATABASE_URL: url, AUTH_JWKS_FILE: '/x' }));
    const client = new Client({ connectionString: url });
    await client.connect();
    const campaigns = ['roads', 'schools'] as const;
    const ids = new Map<string, string>();
    for (const campaign of campaigns)
      for (const name of TEN_NAMES) {
        const submission = provenSubmissionOf(committedProof(`${name} ${campaign}`).envelope);
        await acceptance.accept(submission, null);
        ids.set(`${name} ${campaign}`, submission.messageId);
      }
    const scan = async () => {
      const rows = await dump(client);
      const valuesOf = (name: string) => {
        const id = ids.get(name);
        const nullifier = Buffer.from(committedProof(name).publicInputs.nullifier).toString('hex');
        const own = rows.filter(
          ({ row }) => row['id'] === id || row['message_id'] === id || textOf(row['nullifier']) === nullifier,
        );
        return new Set(own.flatMap(({ row }) => Object.values(row).map(textOf)));
      };
      // Values that the rows of all senders share (key, price, status, expiry) do not link any two of them.
      const common = TEN_NAMES.flatMap((one) => campaigns.map((campaign) => valuesOf(`${one} ${campaign}`))).reduce(
        (all, each) => both(all, each),
      );
      expect(rows.filter(({ place }) => ['idempotency_key', 'reservation'].includes(place))).toEqual([]);
      expect(rows.filter(({ place, row }) => place === 'message' && row['owner'] !== null)).toEqual([]);
      return TEN_NAMES.flatMap((one) => {
        const [first = [], second = []] = campaigns.map((campaign) =>
          [...valuesOf(`${one} ${campaign}`)].filter((value) => !common.has(value)),
        );
        // A value that rows of other people also have, such as the time of acceptance, identifies no person.
        const strangers = TEN_NAMES.filter((other) => other !== one).flatMap((other) =>
          campaigns.map((campaign) => valuesOf(`${other} ${campaign}`)),
        );
        return first.filter((value) => second.includes(value) && !strangers.some((values) => values.has(value)));
      });
    };
    expect(await scan()).toEqual([]);
    // After the messages have ended, the nullifiers no longer name them.
    await client.query(
      "DELETE FROM delivery_job; UPDATE message SET status = 'delivered', ended_at = now(); UPDATE nullifier SET message_id = NULL",
    );
    expect(await scan()).toEqual([]);
    const messages = (await dump(client)).filter(({ place }) => place === 'message');
    const nullifiers = (await dump(client)).filter(({ place }) => place === 'nullifier');
    const ofMessages = new Set(
      messages.flatMap(({ row }) =>
        Object.entries(row)
          .filter(([column]) => column !== 'xmin')
          .map(([, value]) => textOf(value)),
      ),
    );
    for (const { row } of nullifiers)
      for (const [column, value] of Object.entries(row))
        if (value !== null && column !== 'xmin')
          expect({ column, known: ofMessages.has(textOf(value)) }).toEqual({ column, known: false });
    // As a control, the search finds a mark that is written into the rows of one person.
    const marked = campaigns.map((campaign) => ids.get(`${TEN_NAMES[3] ?? ''} ${campaign}`));
    await client.query("UPDATE message SET reason = 'mark' WHERE id = ANY ($1)", [marked]);
    expect(await scan()).toContain('mark');
    await client.end();
    await database.onApplicationShutdown();
  });
});

function both(one: ReadonlySet<string>, other: ReadonlySet<string>): Set<string> {
  return new Set([...one].filter((value) => other.has(value)));
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return value instanceof Date ? value.toISOString() : String(value);
}

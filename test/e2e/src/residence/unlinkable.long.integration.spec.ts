import { followMessage, postMessage } from '@communique-tee/client';
import { claimOf, deliveryOf, fieldToHex, nullifierOf, randomField, scopeOf } from '@communique-tee/residence';
import { describeProving } from '@communique-tee/residence/testing';
import { HIGH_RATE_LIMITS, plantedMessage, type ProvenMessage } from '@communique-tee/test-system';
import { Client } from 'pg';
import { startResidenceSystem, type ResidenceSystem } from './residence-system';

const PEOPLE = 4;
const CAMPAIGNS = 5;

interface Sent {
  readonly person: number;
  readonly message: ProvenMessage;
}

describeProving('what a gateway has stored of 20 proven messages', (referenceString) => {
  let on: ResidenceSystem;
  const sent: Sent[] = [];

  beforeAll(async () => {
    on = await startResidenceSystem(referenceString, {
      gatewayEnvironment: {
        DELIVERY_MIN_BACKOFF_MS: '50',
        DELIVERY_POLL_MS: '100',
        ...HIGH_RATE_LIMITS,
      },
    });
    const people = on.constituents(PEOPLE);
    const notes = Array.from({ length: CAMPAIGNS }, (_, at) => on.registrar.openCampaign(`campaign-${String(at)}`));
    // Sends one campaign after the other, so that times do not show which messages are of the same person.
    for (const note of notes)
      for (const [person, constituent] of people.entries()) {
        const message = await constituent.prepare(plantedMessage().message, await on.key(), note);
        await postMessage({ gateway: on.system.gatewayUrl }, message);
        sent.push({ person, message });
      }
    for (const { message } of sent)
      await followMessage({ gateway: on.system.gatewayUrl, statusSecret: message.proven.statusSecret }, message.id);
  }, 300_000);
  afterAll(() => (on as ResidenceSystem | undefined)?.stop());

  it('contains no value that occurs in several messages of one person and in no message of another person', async () => {
    const rows = await allRows(on.system.databaseUrl);
    const found = rows.filter(({ text }) => sent.some(({ message }) => isAbout(text, message)));
    expect(found.length).toBeGreaterThanOrEqual(2 * sent.length); // message and nullifier
    expect(joining(rows, sent)).toEqual([]);

    // As a control, the search finds a planted column that links a person's messages.
    const planted = found.map((row) => {
      const of = sent.find(({ message }) => isAbout(row.text, message));
      return { ...row, values: [...row.values, ['planted', `person ${String(of?.person)}`] as const] };
    });
    expect(joining(planted, sent)).not.toEqual([]);
  });

  it('contains no owner, reservation or idempotency key of a message that was sent without a token', async () => {
    const rows = await allRows(on.system.databaseUrl);
    const owned = rows.filter(({ values }) => values.some(([column, value]) => column === 'owner' && value !== 'null'));
    expect(owned.map(({ table }) => table)).toEqual([]);
    const tables = new Set(
      rows.filter(({ text }) => sent.some(({ message }) => isAbout(text, message))).map(({ table }) => table),
    );
    expect([...tables].filter((table) => /reservation|idempotency/.test(table))).toEqual([]);
  });

  it('would contain no equal nullifiers, delivery values or claims after 300 more messages', () => {
    const values = Array.from({ length: 30 }, () => randomField()).flatMap((secret) =>
      Array.from({ length: 10 }, (_, campaign) => {
        const scope = scopeOf('test-registrar', `campaign-${String(campaign)}`);
        const delivery = deliveryOf(secret, scope);
        const claim = claimOf({ scope, district: '119-CA-12', delivery, blinding: randomField() });
        return [nullifierOf(secret, scope), delivery, claim].map(fieldToHex);
      }),
    );
    expect(new Set(values.flat()).size).toBe(900);
  });
});

/** Returns the columns with a value that is in rows of two or more messages, all of one person. */
function joining(rows: readonly Row[], sent: readonly Sent[]): string[] {
  const uses = new Map<string, { column: string; people: Set<number>; messages: Set<string> }>();
  for (const { table, text, values } of rows)
    for (const { person, message } of sent.filter((each) => isAbout(text, each.message)))
      for (const [column, value] of values) {
        const use = uses.get(value) ?? { column: `${table}.${column}`, people: new Set(), messages: new Set() };
        uses.set(value, use);
        use.people.add(person);
        use.messages.add(message.id);
      }
  return [...uses.values()]
    .filter(({ people, messages }) => people.size === 1 && messages.size > 1)
    .map(({ column }) => column);
}

interface Row {
  readonly table: string;
  readonly text: string;
  /** The columns that could identify a person: times, and texts and byte strings of at least eight characters. */
  readonly values: readonly (readonly [column: string, value: string])[];
}

async function allRows(connectionString: string): Promise<Row[]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    );
    const found: Row[] = [];
    for (const { name: table } of tables) {
      const { rows } = await client.query<{ row: Record<string, unknown> }>(
        `SELECT row_to_json(t) AS row FROM ${table} t`,
      );
      for (const { row } of rows)
        found.push({
          table,
          text: JSON.stringify(row),
          values: Object.entries(row)
            .map(([column, value]) => [column, String(JSON.stringify(value))] as const)
            .filter(([, value]) => value.length >= 10),
        });
    }
    return found;
  } finally {
    await client.end();
  }
}

/** Whether a row names the message: by its id, its nullifier or its hash. */
function isAbout(row: string, { id, message: { nullifier }, sealedSha256 }: ProvenMessage): boolean {
  const hex = [nullifier ?? new Uint8Array(), sealedSha256].map((bytes) => Buffer.from(bytes).toString('hex'));
  return [id, ...hex].some((name) => row.includes(name));
}

import type { ManagedTemplate, NewTemplate, TemplateList } from '@communique-tee/protocol';
import { signCampaignNote } from '@communique-tee/residence';
import { formatVerifierKey, signingKeyOf } from '@communique-tee/transparency';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { type Postgres, startPostgres } from '@communique-tee/testing/postgres';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import { type GatewayUnderTest, startGateway } from '../../testing/gateway-under-test';
import { createIssuer } from '../../testing/issuer';
import { ownerOf } from '../auth/token-verifier';
import { ISSUER } from '../../testing/issuer';

describe('templates', () => {
  let folder: TemporaryFolder;
  let postgres: Postgres;
  let databaseUrl: string;
  let gateway: GatewayUnderTest;
  let other: GatewayUnderTest;
  let admin: string;
  let database: Client;
  let count = 0;

  beforeAll(async () => {
    const [issuer] = [await createIssuer(), (folder = await temporaryFolder()), (postgres = await startPostgres())];
    await issuer.writeKeySet(folder.file('jwks.json'));
    admin = await issuer.token('ops', { scope: 'communique:admin' });
    databaseUrl = await postgres.createMigratedDatabase();
    database = new Client({ connectionString: databaseUrl });
    await database.connect();
    const environment = { DATABASE_URL: databaseUrl, AUTH_JWKS_FILE: folder.file('jwks.json') };
    gateway = await startGateway(environment);
    other = await startGateway(environment);
  });
  afterAll(async () => {
    await Promise.all([gateway.close(), other.close()]);
    await database.end();
    await postgres.stop();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(() => database.query('DELETE FROM template; DELETE FROM agent_reservation'));

  const template = (over: Partial<NewTemplate> = {}): NewTemplate => ({
    slug: `parks-${String(count++)}`,
    title: 'Keep our parks open',
    language: 'en',
    topics: ['Environmental Protection'],
    subject: 'Please fund our parks',
    body: 'Please fund the parks of our district.',
    officeScope: ['house', 'senate'],
    campaignId: 'parks-2026',
    ...over,
  });

  async function write(method: 'POST' | 'PATCH', path: string, body: unknown, at = gateway) {
    const response = await fetch(`${at.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const answer = (await response.json()) as ManagedTemplate & {
      code?: string;
      errors?: { pointer: string; code: string }[];
    };
    return { status: response.status, answer };
  }
  const add = (body: unknown, at = gateway) => write('POST', '/api/templates', body, at);
  const change = (id: string, body: unknown, at = gateway) => write('PATCH', `/api/templates/${id}`, body, at);
  const list = async (at = gateway) => (await (await fetch(`${at.url}/api/templates`)).json()) as TemplateList;

  it('shows a template to the public from the moment it is published until it is archived', async () => {
    const { answer } = await add(template({ slug: 'parks' }));
    expect(answer).toMatchObject({ status: 'draft', version: 1, stance: null, bills: [], campaignNote: null });
    expect(await list()).toEqual({ templates: [] });
    const published = await change(answer.id, { version: 1, status: 'published' });
    expect(published.answer).toMatchObject({ status: 'published', version: 2, contentSha256: answer.contentSha256 });
    const shown = await list();
    expect(shown.templates).toMatchObject([{ slug: 'parks', body: 'Please fund the parks of our district.' }]);
    for (const hidden of ['status', 'moderation', 'originalContent', 'changeLog', 'createdAt'])
      expect(shown.templates[0]).not.toHaveProperty(hidden);
    await change(answer.id, { version: 2, status: 'archived' });
    expect(await list()).toEqual({ templates: [] });
  });

  it('keeps the original words, and records who changed which fields', async () => {
    const { answer } = await add(template());
    const edited = await change(answer.id, {
      version: 1,
      subject: 'Fund every park',
      sources: [{ title: 'A study', url: 'https://example.org/a' }],
    });
    expect(edited.answer.originalContent).toEqual({ title: answer.title, subject: answer.subject, body: answer.body });
    const by = ownerOf(ISSUER, 'ops');
    expect(edited.answer.changeLog).toMatchObject([
      { version: 1, by },
      { version: 2, by, fields: ['subject', 'sources'] },
    ]);
    expect(edited.answer.contentSha256).not.toBe(answer.contentSha256);
    const back = await change(answer.id, { version: 2, subject: answer.subject, sources: [] });
    expect(back.answer.contentSha256).toBe(answer.contentSha256);
  });

  it('stores only one of several concurrent changes to one version, sent through two gateways', async () => {
    const { answer } = await add(template());
    for (let version = 1; version < 6; version++) {
      const results = await Promise.all(
        [gateway, other, gateway, other].map((at, n) =>
          change(answer.id, { version, title: `Title ${String(n)}` }, at),
        ),
      );
      expect(results.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
      expect(results.filter(({ status }) => status === 409).map((each) => each.answer.code)).toEqual(
        Array(3).fill('template_changed'),
      );
    }
  });

  it('stores only one of several templates with the same slug, sent through two gateways', async () => {
    const results = await Promise.all([gateway, other, gateway, other].map((at) => add(template({ slug: 'one' }), at)));
    expect(results.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('refuses to publish a flagged template, or to flag a published template without archiving it', async () => {
    const { answer } = await add(template());
    const moderation = { flagged: true, severity: 'high', toxicity: 0.9 };
    expect((await change(answer.id, { version: 1, moderation })).answer).toMatchObject({ version: 2, moderation });
    expect((await change(answer.id, { version: 2, status: 'published' })).answer.code).toBe('template_not_publishable');
    expect((await change(answer.id, { version: 2, status: 'published', moderation: null })).status).toBe(200);
    expect((await change(answer.id, { version: 3, moderation })).answer.code).toBe('template_not_publishable');
    expect((await change(answer.id, { version: 3, moderation, status: 'archived' })).status).toBe(200);
  });

  it('refuses to publish a template without a campaign note if every message needs one', async () => {
    const key = signingKeyOf('registrar', new Uint8Array(32).fill(7));
    await using strict = await startGateway({
      DATABASE_URL: databaseUrl,
      AUTH_JWKS_FILE: folder.file('jwks.json'),
      RESIDENCE: 'required',
      RESIDENCE_REGISTRAR: 'registrar',
      RESIDENCE_KEYS: formatVerifierKey(key),
      RESIDENCE_FILES_URL: 'https://registrar.test/tree/',
    });
    const { answer } = await add(template(), strict);
    expect((await change(answer.id, { version: 1, status: 'published' }, strict)).answer.code).toBe(
      'template_not_publishable',
    );
    const now = Math.floor(Date.now() / 1000);
    const campaignNote = signCampaignNote(
      { registrar: 'registrar', campaign: 'parks-2026', notBefore: now, notAfter: now + 3600 },
      90,
      key,
    );
    const published = await change(answer.id, { version: 1, status: 'published', campaignNote }, strict);
    expect(published).toMatchObject({ status: 200, answer: { campaignNote } });
    expect((await list(strict)).templates).toMatchObject([{ campaignNote }]);
    expect((await change(answer.id, { version: 2, campaignId: 'parks-2027' }, strict)).answer.code).toBe(
      'campaign_note_invalid',
    );
  });

  it.each<[string, unknown, string]>([
    ['a slug with capitals', { slug: 'Parks' }, '/slug'],
    ['a slug of 65 characters', { slug: 'a'.repeat(65) }, '/slug'],
    ['a subject of two characters', { subject: 'ab' }, '/subject'],
    ['a body of 10,001 characters', { body: 'a'.repeat(10_001) }, '/body'],
    ['a body with a NUL', { body: 'Please fund\u0000 parks' }, '/body'],
    ['half of a surrogate pair', { title: 'Parks \ud800' }, '/title'],
    ['a title without a visible character', { title: '\u200b\u200b\u200b' }, '/title'],
    ['a topic that Congress does not have', { topics: ['Parks'] }, '/topics/0'],
    ['no topic', { topics: [] }, '/topics'],
    ['an office scope that names a chamber twice', { officeScope: ['house', 'house'] }, '/officeScope'],
    ['a bill without a number', { bills: [{ congress: 119, type: 'hr' }] }, '/bills/0/number'],
    [
      'a source whose address is a script',
      { sources: [{ title: 'A study', url: 'javascript:alert(1)' }] },
      '/sources/0/url',
    ],
    ['a campaign id that no registrar signs', { campaignId: 'Parks 2026' }, '/campaignId'],
    ['a note of 401 bytes', { campaignNote: 'a'.repeat(401) }, '/campaignNote'],
    ['an unknown field', { provider: 'x' }, ''],
    ['a status', { status: 'published' }, ''],
    ['a language by name', { language: 'English' }, '/language'],
  ])('refuses %s, and names the field but not the value', async (_, over, pointer) => {
    const { status, answer } = await add({ ...template(), ...(over as object) });
    expect([status, answer.code, answer.errors?.map((each) => each.pointer)]).toEqual([
      400,
      'malformed_body',
      [pointer],
    ]);
    expect((await database.query('SELECT 1 FROM template')).rowCount).toBe(0);
  });

  it.each(['[]', 'null', '{', '{"slug":"a","slug":"b"}', '['.repeat(20), '"\\ud800"', '{"__proto__":{"slug":"a"}}'])(
    'refuses the body %p',
    async (body) => {
      expect((await add(body)).answer.code).toBe('malformed_body');
    },
  );

  it('refuses to change a template that does not exist, whatever the id', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', 'parks', '%00', "'; DROP TABLE template; --"])
      expect((await change(encodeURI(id), { version: 1 })).answer.code).toBe('not_found');
  });

  it('publishes at most 200 templates and at most 512 KiB of them', async () => {
    const insert = (slug: string, status: string, body: string) =>
      database.query(
        `INSERT INTO template (id, slug, status, title, language, topics, subject, body, bills, office_scope, campaign_id, sources, original_content, change_log, content_sha256)
         SELECT gen_random_uuid(), $1 || n, $2::"TemplateStatus", 'Parks', 'en', '{Energy}', 'Please fund', $3, '[]', '{house}', 'parks', '[]', '{"title":"Parks","subject":"Please fund","body":"Please fund"}', '[]', decode(repeat('00', 32), 'hex') FROM generate_series(1, CASE WHEN $2 = 'published' THEN 199 ELSE 1 END) AS n`,
        [slug, status, body],
      );
    await insert('p', 'published', 'Please fund');
    const [last, over] = [(await add(template())).answer, (await add(template())).answer];
    expect((await change(last.id, { version: 1, status: 'published' })).status).toBe(200);
    expect((await change(over.id, { version: 1, status: 'published' })).answer.code).toBe('templates_full');
    expect((await list()).templates).toHaveLength(200);
    await database.query("UPDATE template SET body = repeat('a', 2700) WHERE status = 'published'");
    expect((await change(last.id, { version: 2, title: 'Other' })).answer.code).toBe('templates_full');
    expect((await change(last.id, { version: 2, status: 'archived' })).status).toBe(200);
  });

  it('answers 304 to the ETag of the encoding that the client accepts, and compresses if the client accepts gzip', async () => {
    const { answer } = await add(template());
    await change(answer.id, { version: 1, status: 'published' });
    const plain = await fetch(`${gateway.url}/api/templates`, { headers: { 'accept-encoding': 'identity' } });
    const etag = plain.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    expect(plain.headers.get('cache-control')).toBe('public, max-age=60');
    expect(plain.headers.get('vary')).toBe('Accept-Encoding');
    const gzip = await raw(`${gateway.url}/api/templates`, { 'accept-encoding': 'gzip' });
    expect(gzip.etag).not.toBe(etag);
    expect(gunzipSync(gzip.body).toString()).toBe(await plain.text());
    for (const [tag, encoding] of [
      [etag, 'identity'],
      [gzip.etag, 'gzip'],
    ] as const)
      expect(
        (await raw(`${gateway.url}/api/templates`, { 'accept-encoding': encoding, 'if-none-match': tag })).status,
      ).toBe(304);
    await change(answer.id, { version: 2, title: 'Keep the parks' });
    expect(
      (await raw(`${gateway.url}/api/templates`, { 'accept-encoding': 'gzip', 'if-none-match': gzip.etag })).status,
    ).toBe(200);
  });

  describe('recorded tasks of agents', () => {
    const runsPath = (id: string) => `/api/admin/templates/${id}/runs`;
    /** Stores an attempt that was settled on a verified statement. */
    async function attempt(
      requestId: string,
      over: { owner?: string; attempt?: number; state?: string; cost?: number } = {},
    ) {
      const { owner = ownerOf(ISSUER, 'ops'), attempt = 1, state = 'settled', cost = 900 } = over;
      const ended =
        state === 'settled' ? [cost, new Date(), 'complete', 'header.claims.signature'] : [null, null, null, null];
      await database.query(
        `INSERT INTO agent_reservation (request_id, attempt, owner, state, request_sha256, key_id, enclave, model_class, provider, model, reserved_micro_usd,
           reserved_at, deadline_at, price_version, spent_micro_usd, settled_at, "end", statement, input_tokens, cached_tokens,
           cache_written_short_tokens, cache_written_long_tokens, output_tokens, thinking_tokens)
         VALUES ($1, $2, $3, $4, $5, $6, 'i-1', 'small', 'anthropic', 'claude-haiku-4-5', 5000, now(), now(), '2026-11-30.1', $7, $8, $9, $10, 812, 0, 0, 0, 274, 0)`,
        [requestId, attempt, owner, state, Buffer.alloc(32), Buffer.alloc(16), ...ended],
      );
    }
    const record = (id: string, body: unknown) => write('POST', runsPath(id), body);

    it('are copied once from the author’s settled tasks, with sums by model', async () => {
      const { answer } = await add(template());
      const [first, second] = [randomUUID(), randomUUID()];
      await attempt(first, { cost: 900 });
      await attempt(first, { attempt: 2, cost: 1300 });
      await attempt(second, { cost: 7 });
      for (let n = 0; n < 2; n++)
        expect((await record(answer.id, { requestId: first, task: 'draft' })).status).toBe(200);
      const recorded = await record(answer.id, { requestId: second, task: 'subject' });
      expect(recorded.answer).toMatchObject({
        runs: [
          { requestId: first, attempt: 1, task: 'draft', costMicroUsd: '900', statement: 'header.claims.signature' },
          { requestId: first, attempt: 2, usage: { input: 812, output: 274 }, by: ownerOf(ISSUER, 'ops') },
          { requestId: second, task: 'subject', end: 'complete', pricesVersion: '2026-11-30.1' },
        ],
        costBreakdown: [{ provider: 'anthropic', model: 'claude-haiku-4-5', attempts: 3, costMicroUsd: '2207' }],
      });
      const shown = await fetch(`${gateway.url}${runsPath(answer.id)}`, {
        headers: { authorization: `Bearer ${admin}` },
      });
      expect(await shown.json()).toEqual(recorded.answer);
    });

    it('are refused if the task is another user’s, unsettled, unknown, or already recorded differently', async () => {
      const [one, two] = [(await add(template())).answer.id, (await add(template())).answer.id];
      const [theirs, open, mine] = [randomUUID(), randomUUID(), randomUUID()];
      await attempt(theirs, { owner: 'x'.repeat(43) });
      await attempt(open, { state: 'reserved' });
      await attempt(mine);
      const code = async (id: string, requestId: string, task = 'draft') =>
        (await record(id, { requestId, task })).answer.code;
      for (const requestId of [theirs, open, randomUUID()]) expect(await code(one, requestId)).toBe('not_found');
      expect(await code(randomUUID(), mine)).toBe('not_found');
      expect(await code('x', mine)).toBe('not_found');
      expect(await code(one, mine, 'write')).toBe('malformed_body');
      expect((await record(one, { requestId: mine, task: 'draft' })).status).toBe(200);
      expect(await code(two, mine)).toBe('message_id_taken');
      expect(await code(one, mine, 'review')).toBe('message_id_taken');
      expect((await database.query('SELECT FROM agent_run')).rowCount).toBe(1);
      expect((await fetch(`${gateway.url}${runsPath(one)}`)).status).toBe(401);
    });
  });

  it('offers no way to request one template: query parameters have no effect, and GET of a path below is answered 405', async () => {
    const { answer } = await add(template({ slug: 'parks' }));
    await change(answer.id, { version: 1, status: 'published' });
    await add(template({ slug: 'other' }));
    const whole = await list();
    for (const query of ['slug=parks', 'id=x', 'campaign=parks-2026'])
      expect(await (await fetch(`${gateway.url}/api/templates?${query}`)).json()).toEqual(whole);
    expect((await fetch(`${gateway.url}/api/templates/parks`)).status).toBe(405);
    expect((await fetch(`${gateway.url}/api/templates/${answer.id}`)).status).toBe(405);
  });
});

function raw(url: string, headers: Record<string, string>): Promise<{ status: number; etag: string; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, etag: response.headers.etag ?? '', body: Buffer.concat(parts) }),
      );
    }).on('error', reject);
  });
}

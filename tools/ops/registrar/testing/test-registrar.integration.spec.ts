import {
  commitmentOf,
  fetchListPath,
  fieldToHex,
  openCampaignNote,
  openListPath,
  randomField,
  registrarOf,
  registrationFromJson,
} from '@communique-tee/residence';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { openDesk } from './registration-desk';
import { startTestRegistrar, type TestRegistrar } from './test-registrar';

const DISTRICTS = ['CA-12', 'AK-00', 'DC-00', 'PR-00', 'GU-00'];

describe('the test registrar', () => {
  let folder: TemporaryFolder;
  let registrar: TestRegistrar;
  const people = DISTRICTS.map((district) => ({ commitment: commitmentOf(randomField()), district }));
  let registrations: unknown[];
  beforeAll(async () => {
    folder = await temporaryFolder('test-registrar');
    registrar = await startTestRegistrar({ folder: folder.file('registrar'), people: 1000 });
    registrations = registrar.registerAll(people);
  });
  afterAll(async () => {
    await (registrar as TestRegistrar | undefined)?.stop();
    await folder.remove();
  });
  const by = () => registrarOf(registrar.id, registrar.keys);
  const now = () => Date.now() / 1000;
  const readerOf = (at: number) => ({
    by: by(),
    registration: registrationFromJson(registrations[at]),
    commitment: people[at]?.commitment ?? new Uint8Array(),
    now,
    files: registrar.filesUrl,
  });

  it.each(DISTRICTS)('registers a person of %s, who finds their path to the published root', async (district) => {
    const reader = readerOf(DISTRICTS.indexOf(district));
    expect(reader.registration.district.slice(4)).toBe(district);
    expect(openListPath(await fetchListPath(reader), reader).siblings).toHaveLength(20);
  });

  it('serves every reader the same files, and gets no header that tells readers apart', async () => {
    const asked: string[][] = [];
    for (const at of [0, 1]) {
      const before = registrar.host.requests.length;
      await fetchListPath(readerOf(at));
      const requests = registrar.host.requests.slice(before);
      asked.push(requests.map(({ path }) => path));
      for (const { headers } of requests)
        expect(Object.keys(headers).filter((name) => /cookie|if-|referer|authorization/.test(name))).toEqual([]);
    }
    expect(asked[0]).toEqual(asked[1]);
    expect(asked[0]?.length).toBeGreaterThan(3); // the note, the subtrees and at least two files of leaves
  });

  it('signs a campaign that has begun, and refuses to sign it twice', () => {
    const note = registrar.openCampaign('parks-2026', 30);
    const { campaign, notBefore } = openCampaignNote(note, by(), registrar.maxCampaignDays);
    expect([campaign, notBefore < now()]).toEqual(['parks-2026', true]);
    expect(() => registrar.openCampaign('parks-2026')).toThrow(/signed already/);
  });

  it('registers at its desk the code that a person pastes, and says why it refuses a wrong code or district', async () => {
    const desk = await openDesk((commitment, district) => registrar.register(commitment, district));
    const ask = async (fields: Record<string, string>) => {
      const response = await fetch(desk.url, { method: 'POST', body: new URLSearchParams(fields) });
      return { status: response.status, text: await response.text() };
    };
    try {
      expect(await (await fetch(desk.url)).text()).toContain('no real registrar');
      const code = fieldToHex(commitmentOf(randomField()));
      const { status, text } = await ask({ code: ` ${code.toUpperCase()} `, district: 'mt-01' });
      const json = text.split('readonly>')[1]?.split('</textarea>')[0]?.replaceAll('&quot;', '"') ?? '';
      expect({ status, district: registrationFromJson(JSON.parse(json)).district.slice(4) }).toEqual({
        status: 200,
        district: 'MT-01',
      });
      for (const [fields, words] of [
        [{ code, district: 'CA-12' }, /registered/],
        [{ code: 'no code', district: 'CA-12' }, /field element/],
        [{ code: fieldToHex(commitmentOf(randomField())), district: 'MT-03' }, /MT/],
      ] as const) {
        const refused = await ask(fields);
        expect([refused.status, words.test(refused.text.split('role="alert"')[1] ?? '')]).toEqual([400, true]);
      }
      expect((await fetch(new URL('/register', desk.url))).status).toBe(404);
    } finally {
      await desk.stop();
    }
  });

  it.each(['/', '/register', '/../register/register.jsonl', '/root.note/', '/root.note?x'])(
    'answers 404 at %s',
    async (path) => {
      expect((await fetch(new URL(path, registrar.filesUrl))).status).toBe(404);
    },
  );
});

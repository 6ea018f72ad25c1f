import { randomField } from '@communique-tee/residence';
import { registrationOf, TEN } from '@communique-tee/residence/testing';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createCaller } from '../testing/call';

const { call, said } = createCaller();
let folder: TemporaryFolder;
let state: string;
let secretFile: string;

beforeEach(async () => {
  folder = await temporaryFolder('register');
  state = folder.file('state');
  secretFile = folder.file('state/residence.json');
});
afterEach(() => folder.remove());

const register = (...argv: string[]) => call(['register', '--state', state, '--json', ...argv]);
const told = (out: string) => JSON.parse(out) as { commitment: string; made: boolean; registration: unknown };
const secretIn = (file = secretFile) => (JSON.parse(readFileSync(file, 'utf8')) as { secret: string }).secret;
const refusal = (code: string, exit: number) => ({ exit, out: expect.stringContaining(`"${code}"`) as string });

it('makes one secret that only its owner can read, and prints the same code each time', async () => {
  const first = told((await register()).out);
  expect(first).toMatchObject({ made: true, registration: null });
  expect(first.commitment).toMatch(/^[0-9a-f]{64}$/);
  expect([statSync(state).mode & 0o777, statSync(secretFile).mode & 0o777]).toEqual([0o700, 0o600]);
  const secret = secretIn();
  expect(told((await register()).out)).toMatchObject({ made: false, commitment: first.commitment });
  expect(secretIn()).toBe(secret);
});

it('prints no code if the secret cannot be stored', async () => {
  mkdirSync(state);
  chmodSync(state, 0o500);
  mkdirSync(folder.file('other'));
  // File modes do not stop root, but a folder with the file's name does.
  mkdirSync(secretFile, { recursive: true });
  const { exit, out } = await register();
  expect(exit).toBe(3);
  expect(out).not.toContain('commitment');
});

it.each(['', '{', '{"v":1}', `{"v":1,"secret":"${'f'.repeat(64)}","registration":null,"list":null}`])(
  'never replaces a file that it cannot read: %j',
  async (content) => {
    mkdirSync(state);
    writeFileSync(secretFile, content);
    const { exit, out } = await register();
    expect(exit).not.toBe(0);
    expect(out).not.toContain('commitment');
    expect(readFileSync(secretFile, 'utf8')).toBe(content);
  },
);

it('keeps the answer of the registrar, and prints the offices of the district', async () => {
  const answer = folder.file('registration.json');
  writeFileSync(answer, JSON.stringify(registrationOf(TEN[2])));
  const { out } = await register('--registration', answer);
  expect(told(out).registration).toEqual({ registrar: 'test-registrar', district: '120-DC-00', offices: ['HDC00'] });
  writeFileSync(answer, JSON.stringify({ ...registrationOf(TEN[2]), salt: 'x' }));
  expect(await register('--registration', answer)).toMatchObject({ exit: 2 });
  expect(told((await register()).out).registration).toMatchObject({ district: '120-DC-00' });
});

it('moves the secret to another machine, and refuses to add a second one there', async () => {
  const { commitment } = told((await register()).out);
  const backup = folder.file('backup.json');
  expect((await register('--export', backup)).exit).toBe(0);
  expect(statSync(backup).mode & 0o777).toBe(0o600);
  expect(await register('--export', backup)).toMatchObject(refusal('already_registered', 1));

  const elsewhere = folder.file('elsewhere');
  const there = await call(['register', '--state', elsewhere, '--json', '--import', backup]);
  expect(told(there.out)).toMatchObject({ commitment, made: false });
  expect(secretIn(folder.file('elsewhere/residence.json'))).toBe(secretIn());

  const third = folder.file('third');
  await call(['register', '--state', third, '--json']);
  const kept = secretIn(folder.file('third/residence.json'));
  expect(await call(['register', '--state', third, '--json', '--import', backup])).toMatchObject(
    refusal('already_registered', 1),
  );
  expect(secretIn(folder.file('third/residence.json'))).toBe(kept);
});

it('does not prove before the registrar has answered, and says what is missing', async () => {
  const note = folder.file('campaign.note');
  writeFileSync(note, 'x');
  const trust = ['--pcr0', 'ab'.repeat(48), '--any-operator'];
  const prove = () => call(['prove', '--state', state, '--campaign-note', note, ...trust, '--json']);
  expect(await prove()).toMatchObject(refusal('not_registered', 2));
  await register();
  expect(await prove()).toMatchObject(refusal('not_registered', 2));
  expect(existsSync(folder.file('state/residence.json'))).toBe(true);
});

it('never prints a secret', async () => {
  await register();
  await register('--export', folder.file('backup.json'));
  const broken = folder.file('broken.json');
  writeFileSync(broken, JSON.stringify({ v: 1, secret: Buffer.from(randomField()).toString('hex'), more: 1 }));
  await register('--import', broken);
  for (const secret of [secretIn(), secretIn(broken)]) {
    expect(said.join('')).not.toContain(secret);
    expect(said.join('')).not.toContain(BigInt(`0x${secret}`).toString());
  }
});

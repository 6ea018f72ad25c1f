import { commitmentOf, fieldFromHex, fieldToHex, randomField, type RegistrationJson } from '@communique-tee/residence';
import { TestStorage } from '../testing/test-storage';
import { createIdentity, type Identity } from './create-identity';
import { recordOf, secretFileText } from './secret-file';

const REGISTRATION: RegistrationJson = {
  version: 1,
  registrar: 'registrar',
  district: '119-MT-01',
  salt: '11'.repeat(32),
  index: 7,
};
const SECRET = fieldToHex(randomField());

function start(storage = new TestStorage()) {
  const made: string[] = [];
  const store = createIdentity(storage, () => {
    const secret = randomField();
    made.push(fieldToHex(secret));
    return secret;
  });
  const shown = (): Identity['kind'] => store.identity.value.kind;
  const code = (): string | undefined => (store.identity.value.kind === 'safe' ? store.identity.value.code : undefined);
  return { store, storage, made, shown, code };
}

it('shows the code only after the secret was stored and read back', async () => {
  const { store, storage, made, shown, code } = start();
  await store.look();
  expect(store.identity.value).toEqual({ kind: 'none', storage: 'empty' });
  store.make();
  expect([shown(), code(), storage.value]).toEqual(['unsafe', undefined, undefined]);
  await store.keep();
  expect(code()).toBe(fieldToHex(commitmentOf(fieldFromHex(made[0] ?? ''))));
  expect(storage.value).toEqual(recordOf(made[0] ?? '', null));
});

it.each(['open', 'write', 'forgets'] as const)(
  'shows no code until the secret is saved as a file if the browser does not keep the secret (%s)',
  async (fails) => {
    const { store, storage, shown, code, made } = start();
    storage.fails = fails;
    await store.look();
    expect(store.identity.value).toEqual({ kind: 'none', storage: fails === 'open' ? 'unavailable' : 'empty' });
    store.make();
    await store.keep();
    expect([shown(), code(), store.problem.value]).toEqual(['unsafe', undefined, 'not_stored']);
    store.saved();
    expect([shown(), store.identity.value]).toEqual(['safe', expect.objectContaining({ on: 'file' })]);
    expect(made).toHaveLength(1);
  },
);

it('does not make a second secret when the storage was emptied, and asks for the saved file', async () => {
  const storage = new TestStorage();
  const first = start(storage);
  await first.store.look();
  first.store.make();
  await first.store.keep();
  storage.value = undefined;
  const later = start(storage);
  await later.store.look();
  expect([later.store.identity.value, later.made]).toEqual([{ kind: 'none', storage: 'empty' }, []]);
  later.store.bring(secretFileText(recordOf(first.made[0] ?? '', REGISTRATION)));
  expect([later.code(), later.made]).toEqual([first.code(), []]);
});

it('accepts a file that the command line wrote, even with parts of the registrar’s list', async () => {
  const { store, code } = start();
  await store.look();
  const siblings = Array.from({ length: 20 }, () => '00'.repeat(32));
  const list = { version: 1, fetchedAt: 1, rootNote: 'a note', siblings };
  store.bring(JSON.stringify({ v: 1, secret: SECRET, registration: REGISTRATION, list }, null, 2));
  expect(code()).toBe(fieldToHex(commitmentOf(fieldFromHex(SECRET))));
  expect(store.identity.value).toMatchObject({ record: recordOf(SECRET, REGISTRATION) });
});

it('does not overwrite a secret', async () => {
  const { store, storage, made } = start();
  storage.value = recordOf(SECRET, null);
  await store.look();
  store.make();
  store.bring(secretFileText(recordOf(fieldToHex(randomField()), null)));
  expect([made, store.identity.value]).toEqual([[], expect.objectContaining({ record: recordOf(SECRET, null) })]);
});

it('uses the secret that another tab has stored meanwhile, and reports it', async () => {
  const { store, storage, code } = start();
  await store.look();
  store.make();
  storage.value = recordOf(SECRET, null);
  await store.keep();
  expect([store.problem.value, code()]).toEqual(['already_stored', fieldToHex(commitmentOf(fieldFromHex(SECRET)))]);
  expect(storage.value).toEqual(recordOf(SECRET, null));
});

it('accepts a registration by the attested registrar, and keeps it where the secret is', async () => {
  const { store, storage } = start();
  storage.value = recordOf(SECRET, null);
  await store.look();
  await store.register(JSON.stringify(REGISTRATION), 'another');
  expect([store.problem.value, storage.value]).toEqual(['other_registrar', recordOf(SECRET, null)]);
  await store.register(JSON.stringify(REGISTRATION), 'registrar');
  expect([store.problem.value, storage.value]).toEqual([undefined, recordOf(SECRET, REGISTRATION)]);
  storage.fails = 'forgets';
  await store.register(JSON.stringify({ ...REGISTRATION, salt: '12'.repeat(32) }), 'registrar');
  expect(store.problem.value).toBe('not_stored');
});

it.each([
  '',
  '{}',
  'null',
  JSON.stringify({ ...REGISTRATION, index: -1 }),
  JSON.stringify({ ...REGISTRATION, salt: 'ff'.repeat(32) }),
  JSON.stringify({ ...REGISTRATION, secret: 'x' }),
  JSON.stringify({ ...REGISTRATION, district: 'MT-01' }),
  `${JSON.stringify(REGISTRATION)}${' '.repeat(9000)}`,
])('refuses %j as a registration', async (pasted) => {
  const { store, storage } = start();
  storage.value = recordOf(SECRET, null);
  await store.look();
  await store.register(pasted, 'registrar');
  expect([store.problem.value, storage.value]).toEqual(['not_a_registration', recordOf(SECRET, null)]);
});

it.each([
  ['text that is not JSON', 'secret'],
  ['a secret of zeros', secretFileText(recordOf('00'.repeat(32), null))],
  ['a secret that is no field element', secretFileText(recordOf('ff'.repeat(32), null))],
  ['a secret in upper case', secretFileText(recordOf('0A'.repeat(32), null))],
  ['another version', JSON.stringify({ ...recordOf(SECRET, null), v: 2 })],
  ['an empty registration', JSON.stringify({ ...recordOf(SECRET, null), registration: {} })],
])('refuses a file with %s', async (_, file) => {
  const { store, shown } = start();
  await store.look();
  store.bring(file);
  expect([shown(), store.problem.value]).toEqual(['none', 'not_a_secret_file']);
});

it('forgets the secret on this device, and reports a failure to do so', async () => {
  const { store, storage, shown } = start();
  storage.value = recordOf(SECRET, REGISTRATION);
  await store.look();
  storage.fails = 'write';
  await store.forget();
  expect([shown(), store.problem.value]).toEqual(['safe', 'not_removed']);
  storage.fails = undefined;
  await store.forget();
  expect([shown(), storage.value]).toEqual(['none', undefined]);
});

import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandAvailability, describeWith } from '@communique-tee/testing/harness';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

let staged: StagedScripts;
let bin: string;
beforeAll(async () => {
  staged = await stageScripts('fetch-enclave-secrets');
});
afterAll(() => staged.folder.remove());
beforeEach(async () => {
  bin = await staged.newBin();
});

const script = (name: string, body: string) => writeScript(bin, name, body);
const environment = (more: Record<string, string> = {}) => scriptEnvironment(bin, staged.folder.path, more);

describeWith(commandAvailability('jq', 'jq'), 'fetch-enclave-secrets', () => {
  const ciphertext = (of: string) => Buffer.from(of.repeat(120)).toString('base64');
  const LIST = { 'cwc-house': 'arn:house', 'cwc-senate': 'arn:senate' };
  /** @param values AWS's answer by ARN: a value, `null` if no value was stored, or an Error whose message AWS prints */
  const fetchThem = async (values: Readonly<Record<string, string | null | Error>>, list: object = LIST) => {
    const cases = Object.entries(values).map(([arn, value]) => {
      if (value === null)
        return `${arn}) echo "An error occurred (ResourceNotFoundException) when calling GetSecretValue: no value for AWSCURRENT" >&2; exit 254 ;;`;
      if (value instanceof Error) return `${arn}) echo '${value.message}' >&2; exit 254 ;;`;
      return `${arn}) cat <<'JSON'\n${JSON.stringify({ SecretString: value })}\nJSON\n;;`;
    });
    await script('aws', `case $4 in\n${cases.join('\n')}\nesac`);
    await writeFile(join(bin, 'list.json'), JSON.stringify(list));
    const file = join(bin, 'secrets.json');
    const ran = await run(join(staged.programs, 'fetch-enclave-secrets'), [join(bin, 'list.json'), file], {
      env: environment(),
    });
    return {
      ...ran,
      file,
      written: await readFile(file, 'utf8').then(
        (text): unknown => JSON.parse(text),
        () => undefined,
      ),
    };
  };

  it('writes the ciphertexts by name into a file that only its user can read, and prints none', async () => {
    const { code, stdout, stderr, file, written } = await fetchThem({
      'arn:house': `${ciphertext('h')}\n`,
      'arn:senate': ciphertext('s'),
    });
    expect([code, stderr, stdout]).toEqual([0, '', 'secrets of the enclave: cwc-house, cwc-senate\n']);
    expect(written).toEqual({ 'cwc-house': ciphertext('h'), 'cwc-senate': ciphertext('s') });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readdir(bin)).filter((name) => name.startsWith('secrets.json'))).toEqual(['secrets.json']);
  });

  it('does not rewrite the file if nothing has changed', async () => {
    const values = { 'arn:house': ciphertext('h'), 'arn:senate': null };
    const { file } = await fetchThem(values);
    const before = await stat(file);
    expect(await fetchThem(values)).toMatchObject({ code: 0, stdout: 'cwc-senate: nothing was put there yet\n' });
    expect([(await stat(file)).ino, (await stat(file)).mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  it('writes an empty object if there are no secrets, so that the gateway finds a file', async () => {
    expect(await fetchThem({ 'arn:house': null, 'arn:senate': null })).toMatchObject({ code: 0, written: {} });
  });

  it.each([
    ['an unencrypted key', 'the-key-itself-in-the-clear'],
    ['other bytes than base64', `${ciphertext('h')}"},{`],
    ['base64 with a missing character', ciphertext('h').slice(0, -1)],
    ['too long', 'A'.repeat(9000)],
    ['empty', ''],
  ])('omits a value that is %s, and prints no part of it', async (_name, value) => {
    const { code, stdout, stderr, written } = await fetchThem({ 'arn:house': value, 'arn:senate': ciphertext('s') });
    expect([code, written]).toEqual([0, { 'cwc-senate': ciphertext('s') }]);
    expect(stderr).toContain('cwc-house: is not the base64');
    if (value !== '') expect(`${stdout}${stderr}`).not.toContain(value.slice(0, 16));
  });

  it.each([
    "You can't perform this operation on the secret because it was marked for deletion.",
    "You tried to perform the operation on a secret that's currently marked deleted.",
  ])('omits and names a secret that is marked for deletion, and writes the others: %s', async (said) => {
    const { code, stderr, written } = await fetchThem({
      'arn:house': new Error(
        `An error occurred (InvalidRequestException) when calling the GetSecretValue operation: ${said}`.replaceAll(
          "'",
          '’',
        ),
      ),
      'arn:senate': ciphertext('s'),
    });
    expect([code, written]).toEqual([0, { 'cwc-senate': ciphertext('s') }]);
    expect(stderr).toMatch(/^cwc-house: is left out: .*marked /);
  });

  it('keeps the old value of a secret that AWS refuses, writes the others, and fails', async () => {
    await fetchThem({ 'arn:house': ciphertext('h'), 'arn:senate': ciphertext('s') });
    const { code, stderr, written } = await fetchThem({
      'arn:house': ciphertext('n'),
      'arn:senate': new Error('An error occurred (AccessDeniedException)'),
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('cwc-senate: An error occurred (AccessDeniedException)'),
    ]);
    expect(written).toEqual({ 'cwc-house': ciphertext('n'), 'cwc-senate': ciphertext('s') });
  });

  it('writes the other secrets if one fails at the first fetch', async () => {
    expect(
      await fetchThem({
        'arn:house': new Error('Could not connect to the endpoint URL'),
        'arn:senate': ciphertext('s'),
      }),
    ).toMatchObject({ code: 1, written: { 'cwc-senate': ciphertext('s') } });
  });
});

import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandAvailability, describeWith } from '@communique-tee/testing/harness';
import { run } from './testing/run';
import { scriptEnvironment, stageScripts, writeScript, type StagedScripts } from './testing/staged-scripts';

let staged: StagedScripts;
let bin: string;
beforeAll(async () => {
  staged = await stageScripts('fetch-secrets');
});
afterAll(() => staged.folder.remove());
beforeEach(async () => {
  bin = await staged.newBin();
});

const script = (name: string, body: string) => writeScript(bin, name, body);
const environment = (more: Record<string, string> = {}) => scriptEnvironment(bin, staged.folder.path, more);

describeWith(commandAvailability('jq', 'jq'), 'fetch-secrets', () => {
  const fetchSecrets = async (list: object) => {
    await writeFile(join(bin, 'list.json'), JSON.stringify(list));
    const file = join(bin, 'gateway.env');
    const ran = await run(join(staged.programs, 'fetch-secrets'), [join(bin, 'list.json'), file], {
      env: environment({ AWAITED_FILE: join(bin, 'awaited') }),
    });
    return { ...ran, file, awaited: await readFile(join(bin, 'awaited'), 'utf8').catch(() => undefined) };
  };
  const answer = (secret: object) => `cat <<'JSON'\n${JSON.stringify(secret)}\nJSON`;
  const secret = (value: string) => script('aws', answer({ SecretString: value }));
  const refusal = (text: string) => `printf '\n%s\n' '${text}' >&2; exit 254`;
  const NOT_FILLED = refusal(
    'An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: no value for AWSCURRENT',
  );
  /** Makes `aws` run the shell code that belongs to the requested ARN. */
  const answers = (byArn: Readonly<Record<string, string>>) =>
    script(
      'aws',
      `case $4 in\n${Object.entries(byArn)
        .map(([arn, body]) => `${arn}) ${body}\n;;`)
        .join('\n')}\nesac`,
    );

  it('writes values that systemd reads back unchanged, readable only by root, and prints none', async () => {
    const value = 'rediss://:a"b\\c$d`e\'f@cache:6379 #x';
    await secret(value);
    const { code, stdout, stderr, file } = await fetchSecrets({ REDIS_URL: { arn: 'arn:redis' } });
    expect([code, stderr, stdout]).toEqual([0, '', 'secrets: REDIS_URL\n']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await run('bash', ['--norc', '-c', '. "$0"; printf %s "$REDIS_URL"', file])).stdout).toBe(value);
  });

  it("makes a URL of RDS's secret, and escapes the password", async () => {
    await secret(JSON.stringify({ username: 'communique', password: 'p@ss/w:rd?#%', engine: 'postgres' }));
    const { code, file } = await fetchSecrets({
      DATABASE_URL: {
        arn: 'arn:rds',
        postgresql: { host: 'db', port: 5432, database: 'communique', parameters: '?sslmode=verify-full' },
      },
    });
    expect(code).toBe(0);
    const url = new URL((await run('bash', ['--norc', '-c', '. "$0"; printf %s "$DATABASE_URL"', file])).stdout);
    expect([decodeURIComponent(url.password), url.host, url.pathname, url.search]).toEqual([
      'p@ss/w:rd?#%',
      'db:5432',
      '/communique',
      '?sslmode=verify-full',
    ]);
  });

  it('makes a URL of Redis’s address and password, and escapes the password', async () => {
    await secret('p@ss/w:rd?#% "\\');
    const { code, file } = await fetchSecrets({
      REDIS_URL: { arn: 'arn:redis', redis: { host: 'cache', port: 6379 } },
    });
    expect(code).toBe(0);
    const url = new URL((await run('bash', ['--norc', '-c', '. "$0"; printf %s "$REDIS_URL"', file])).stdout);
    expect([url.protocol, url.username, decodeURIComponent(url.password), url.host]).toEqual([
      'rediss:',
      '',
      'p@ss/w:rd?#% "\\',
      'cache:6379',
    ]);
  });

  it.each([
    ['an empty password of Redis', '', { redis: { host: 'cache', port: 6379 } }],
    ['a second line, which would be another variable', 'a\nNODE_OPTIONS=--inspect', {}],
    ['an empty value', '', {}],
    [
      "a value that is not in RDS's form",
      'plain-and-secret',
      { postgresql: { host: 'db', port: 1, database: 'd', parameters: '' } },
    ],
  ])('refuses %s, and does not print it', async (_name, value, more) => {
    await secret(value);
    const { code, stdout, stderr, file } = await fetchSecrets({ REDIS_URL: { arn: 'arn:redis', ...more } });
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).not.toMatch(/NODE_OPTIONS|plain-and-secret/);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it.each([
    [
      'a refusal',
      refusal('An error occurred (AccessDeniedException) when calling the GetSecretValue operation'),
      'REDIS_URL: An error occurred (AccessDeniedException) when calling the GetSecretValue operation (arn:redis)\n',
    ],
    [
      'an answer without text: a binary secret',
      answer({ SecretBinary: 'c2VjcmV0LWJ5dGVz' }),
      'REDIS_URL: its secret holds bytes and no text; put it there with --secret-string (arn:redis)\n',
    ],
    [
      'a line break in the value',
      answer({ SecretString: 'first-line\nsecond-line' }),
      'REDIS_URL: its secret is empty or holds a line break or another control character (arn:redis)\n',
    ],
  ])('names the variable and the secret, and writes no file, after %s', async (_name, body, said) => {
    await script('aws', body);
    const { code, stdout, stderr, file } = await fetchSecrets({ REDIS_URL: { arn: 'arn:redis' } });
    expect([code, stdout, stderr]).toEqual([1, '', said]);
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });

  it('names every secret without a value, prints the command that stores one, and lists these secrets for report-attested', async () => {
    await answers({ 'arn:db': NOT_FILLED, 'arn:redis': NOT_FILLED });
    const list = { DATABASE_URL: { arn: 'arn:db' }, REDIS_URL: { arn: 'arn:redis' } };
    const { code, stderr, awaited } = await fetchSecrets(list);
    expect([code, awaited]).toEqual([1, 'DATABASE_URL\nREDIS_URL\n']);
    for (const arn of ['arn:db', 'arn:redis'])
      expect(stderr).toContain(`put-secret-value --secret-id ${arn} --secret-string file://`);
    expect((await stat(join(bin, 'awaited'))).mode & 0o777).toBe(0o644);
    await secret('value');
    expect(await fetchSecrets(list)).toMatchObject({ code: 0, awaited: undefined });
  });

  it('does not list a secret that AWS refuses, because the operator cannot fill it', async () => {
    await answers({ 'arn:db': refusal('An error occurred (AccessDeniedException)') });
    expect(await fetchSecrets({ DATABASE_URL: { arn: 'arn:db' } })).toMatchObject({ code: 1, awaited: undefined });
  });

  it('fails, and writes no file, if the list cannot be read', async () => {
    await secret('value');
    const file = join(bin, 'gateway.env');
    await writeFile(join(bin, 'broken.json'), '{"REDIS_URL": {"arn"');
    for (const list of ['broken.json', 'absent.json']) {
      const { code, stderr } = await run(join(staged.programs, 'fetch-secrets'), [join(bin, list), file], {
        env: environment({ AWAITED_FILE: join(bin, 'awaited') }),
      });
      expect([code, stderr]).toEqual([1, expect.stringContaining('is no list of secrets')]);
      await expect(stat(file)).rejects.toThrow('ENOENT');
    }
  });

  it('writes an empty file for an empty list, because its readers require a file', async () => {
    const { code, file } = await fetchSecrets({});
    expect([code, await readFile(file, 'utf8')]).toEqual([0, '']);
  });
});

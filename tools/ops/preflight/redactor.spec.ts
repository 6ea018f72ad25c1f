import { Redactor } from './redactor';

function redactorOf(env: Record<string, string>): Redactor {
  const redactor = new Redactor();
  redactor.addEnvironment(env);
  return redactor;
}

it.each<[string, Record<string, string>, string]>([
  ['a key in the environment', { OPENAI_API_KEY: 'canary-word' }, 'says canary-word twice: canary-word'],
  ['a password in a URL', { DATABASE_URL: 'postgresql://ada:canary-word@host/x' }, 'no user canary-word'],
  [
    'a percent-encoded password, decoded',
    { DATABASE_URL: 'postgresql://ada:canary%2Dword@host/x' },
    'canary-word and canary%2Dword',
  ],
  [
    'a password in a URL that cannot be parsed',
    { DATABASE_URL: 'postgresql://ada:canary-word#x@host:99999/x' },
    'canary-word#x',
  ],
  ['a password in the query of a URL', { X_URL: 'postgresql://h/x?password=canary-word' }, 'canary-word'],
  ['a key in base64', { SOME_TOKEN: 'canary-word' }, `Basic ${Buffer.from('canary-word').toString('base64')}`],
  ['the password in PostgreSQL’s own variable', { PGPASSWORD: 'canary-word' }, 'canary-word'],
])('hides %s', (_name, env, text) => {
  const cleaned = redactorOf(env).clean(text);
  expect(cleaned).not.toMatch(/canary|Y2FuYXJ5/);
  expect(cleaned).toContain('<hidden>');
});

it.each([
  'postgresql://u:pässword@h/x',
  'https://h/x?apikey=pässword',
  'AKIAIOSFODNN7EXAMPLE',
  'sk-proj-abcdefghijkl',
  `AIza${'x'.repeat(35)}`,
  'eyJhbGciOiJF.eyJzdWIiOiIx.c2ln',
  'AQICAHhabcdefghijklmnopqrst==',
])('hides text that looks like a secret: %s', (text) => {
  expect(new Redactor().clean(`before ${text} after`)).toMatch(/^before .*<hidden>.* after$/);
  expect(new Redactor().clean(text)).not.toMatch(/pässword|IOSFOD|abcdefghij|xxxxx|sdWIi/);
});

it('shows folders, switches and short words', () => {
  expect(
    redactorOf({ PWD: '/work/here', SSH_AUTH_SOCK: '/tmp/agent', KEY_FILE: '/etc/key', MY_TOKEN: 'on' }).clean(
      '/work/here /tmp/agent /etc/key on',
    ),
  ).toBe('/work/here /tmp/agent /etc/key on');
});

it('replaces control characters that could move the terminal’s cursor', () => {
  expect(new Redactor().clean('a\u001b[2Jb\u202ec')).toBe('a?[2Jb?c');
});

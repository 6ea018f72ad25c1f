import { painter, printable } from './output/terminal';
// eslint-disable-next-line @nx/enforce-module-boundaries -- every tool has the version of the workspace
import { version } from '../../package.json';
import { createCaller } from './testing/call';

const { call } = createCaller();
const COMMANDS = [
  'verify',
  'keys',
  'send',
  'status',
  'list',
  'receipt verify',
  'seal',
  'offices',
  'agent',
  'register',
  'prove',
  'token',
  'image compare',
  'image measure',
  'image describe',
];

it('prints an overview with every command, the exit codes and first steps', async () => {
  for (const argv of [[], ['--help'], ['-h'], ['help']]) {
    const { exit, out } = await call(argv);
    expect(exit).toBe(0);
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^  ${name.split(' ')[0] ?? ''} .*`, 'm'));
    for (const word of ['Exit code', '130', 'COMMUNIQUE_TOKEN', 'NO_COLOR', 'first steps']) expect(out).toContain(word);
  }
});

it.each(COMMANDS)('%s --help explains options and exit codes, and has an example', async (name) => {
  for (const argv of [
    [...name.split(' '), '--help'],
    ['help', ...name.split(' ')],
    [...name.split(' '), '-h', '--no-such-option'],
  ]) {
    const { exit, out } = await call(argv);
    expect(exit).toBe(0);
    for (const word of [`node tools/cli/bin.mjs ${name} `, '--json', 'Exit code', 'Example'])
      expect(out).toContain(word);
    expect(out.split('\n').filter((line) => line.length > 140)).toEqual([]);
  }
});

it('explains in the help of send and status where the answer’s key is kept', async () => {
  for (const name of ['send', 'status'])
    expect((await call([name, '--help'])).out).toContain('~/.local/state/communique-tee');
});

it('prints its version, and suggests the right word for a misspelled one', async () => {
  expect(await call(['--version'])).toEqual({ exit: 0, out: `${version}\n`, err: '' });
  for (const [argv, suggestion] of [
    [['verfy'], 'Did you mean verify?'],
    [['verfy', '--help'], 'Did you mean verify?'],
    [['receipt', 'verfy'], 'Did you mean verify?'],
    [['keys', '--gatway', 'https://example.org'], 'Did you mean --gateway?'],
  ] as const)
    expect(await call(argv)).toMatchObject({ exit: 2, out: '', err: expect.stringContaining(suggestion) as string });
});

it('prints help for commands with subcommands, and exits with 2 for unknown commands', async () => {
  expect(await call(['receipt', '--help'])).toMatchObject({
    exit: 0,
    out: expect.stringContaining('receipt verify') as string,
  });
  expect(await call(['receipt'])).toMatchObject({
    exit: 2,
    out: '',
    err: expect.stringContaining('name a command: verify') as string,
  });
  expect(await call(['nonsense'])).toMatchObject({
    exit: 2,
    out: '',
    err: expect.stringContaining("unknown command 'nonsense'") as string,
  });
  expect(await call(['nonsense', '--help'])).toMatchObject({ exit: 2, out: '' });
  const { exit, out } = await call(['nonsense', '--json']);
  expect({ exit, said: JSON.parse(out) as unknown }).toMatchObject({
    exit: 2,
    said: { ok: false, exit: 2, code: 'usage' },
  });
});

it.each([
  ['a token as an argument of send', ['send', '--token', 'x']],
  ['send without a message', ['send', '--pcr0', 'ab'.repeat(48), '--any-operator']],
  [
    'a gateway without TLS',
    ['keys', '--pcr0', 'ab'.repeat(48), '--any-operator', '--gateway', 'http://communique.example.org'],
  ],
  ['a gateway that is not a URL', ['keys', '--pcr0', 'ab'.repeat(48), '--any-operator', '--gateway', 'communique']],
  ['no PCR0', ['keys']],
  ['a --wait that is not a number', ['status', '00000000-0000-4000-8000-000000000000', '--wait=soon']],
  ['a token lifetime above the limit', ['token', '--lifetime', '999999999']],
  ['a token subject with a space', ['token', '--subject', 'a b']],
  [
    'a --max-age for a receipt',
    ['receipt', 'verify', 'x', '--pcr0', 'ab'.repeat(48), '--any-operator', '--max-age', '1'],
  ],
])('exits with 2 for %s', async (_, argv) => {
  expect(await call(argv, { environment: { COMMUNIQUE_TOKEN: 'a.b.c' } })).toMatchObject({
    exit: 2,
    out: '',
    err: expect.stringMatching(/^ERROR {2}usage/) as string,
  });
});

it('uses colors only on a terminal, and not if the person has turned them off', () => {
  expect(painter(true, {})('x', 'good')).toBe('\u001b[32mx\u001b[0m');
  for (const plain of [painter(false, {}), painter(true, { NO_COLOR: '1' }), painter(true, { TERM: 'dumb' })])
    expect(plain('x', 'good')).toBe('x');
});

it('removes terminal control characters from text that others wrote', () => {
  expect(printable('a\u001b[2Jb\r\nc\u202e')).toBe('a?[2Jb??c?');
});

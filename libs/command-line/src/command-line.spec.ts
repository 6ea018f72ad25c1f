import { readFileSync } from 'node:fs';
import { collect, CommandLine, EXIT_NOT_UNDERSTOOD, UsageError } from './command-line';

interface Options {
  readonly name?: string[];
}

/** Returns a program with one command and one group, and a list of the actions that ran. */
function program() {
  const seen = { out: '', err: '', done: [] as string[] };
  const streams = { out: (text: string) => void (seen.out += text), err: (text: string) => void (seen.err += text) };
  const line = new CommandLine('tool', 'What it is for.', streams);
  line.program
    .command('greet')
    .argument('[whom]')
    .option('--name <name>', 'as often as wanted', collect)
    .option('--version <text>', 'of its own')
    .action(
      line.run((whom: string | undefined, { name = [] }: Options) => {
        if (whom === 'nobody') throw new UsageError('greet somebody');
        if (whom === 'file') readFileSync('/no/such/file');
        seen.done.push(...name, whom ?? 'all');
        return 3;
      }),
    );
  line.program
    .command('keys')
    .helpCommand(false)
    .command('list')
    .action(
      line.run(() => {
        throw new Error('a fault');
      }),
    );
  return { seen, parse: (...argv: string[]) => line.parse(argv) };
}

it('returns what the action returns', async () => {
  const { seen, parse } = program();
  expect(await parse('greet', '--name', 'a', 'world', '--name', 'b')).toBe(3);
  expect(seen).toEqual({ out: '', err: '', done: ['a', 'b', 'world'] });
});

it.each([
  [[], 'Usage: tool'],
  [['--help'], 'What it is for.'],
  [['help'], 'Usage: tool'],
  [['help', 'keys', 'list'], 'Usage: tool keys list'],
  [['greet', 'world', '--help', '--nonsense'], 'Usage: tool greet'],
  [['keys', '--help'], 'Usage: tool keys'],
  [['--version'], '0.'],
])('answers %j on standard output and runs no command', async (argv, words) => {
  const { seen, parse } = program();
  expect(await parse(...argv)).toBe(0);
  expect(seen).toMatchObject({ err: '', done: [] });
  expect(seen.out).toContain(words);
});

it.each([
  [['gret'], "unknown command 'gret'\n(Did you mean greet?)\ntool --help lists what it takes.\n"],
  [['gret', '--help'], "unknown command 'gret'\n(Did you mean greet?)\ntool --help lists what it takes.\n"],
  [['greet', '--nam', 'x'], "unknown option '--nam'\n(Did you mean --name?)\ntool greet --help lists what it takes.\n"],
  [['greet', '--secret=sesame'], "unknown option '--secret'\ntool greet --help lists what it takes.\n"],
  [['greet', 'a', 'sesame'], /^too many arguments for 'greet'. Expected 1 argument but got 2\n/],
  [['greet', '--name'], /^option '--name <name>' argument missing\n/],
  [['greet', 'nobody'], 'greet somebody\ntool greet --help lists what it takes.\n'],
  [['keys'], 'name a command: list\ntool keys --help lists what it takes.\n'],
  [['keys', 'lisp'], /Did you mean list\?\)\ntool keys --help/],
])('reports what is wrong with %j without the value of an option, and runs no command', async (argv, words) => {
  const { seen, parse } = program();
  expect(await parse(...argv)).toBe(EXIT_NOT_UNDERSTOOD);
  expect(seen).toMatchObject({ out: '', done: [] });
  if (typeof words === 'string') expect(seen.err).toBe(words);
  else expect(seen.err).toMatch(words);
  expect(seen.err).not.toContain('sesame');
});

it('reports an error of the operating system in one line, and exits with 1', async () => {
  const { seen, parse } = program();
  expect(await parse('greet', 'file')).toBe(1);
  expect(seen).toMatchObject({ out: '', err: "ENOENT: no such file or directory, open '/no/such/file'\n" });
});

it('throws a command’s errors to the caller, and passes a command’s own options to the command', async () => {
  const { seen, parse } = program();
  await expect(parse('keys', 'list')).rejects.toThrow('a fault');
  expect(await parse('greet', '--version', '2')).toBe(3);
  expect(seen.done).toEqual(['all']);
});

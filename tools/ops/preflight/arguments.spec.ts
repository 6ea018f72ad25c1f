import { CommandLine } from '@communique-tee/command-line';
import { preflightOptions, readOptions, type PreflightArguments, type PreflightOptions } from './arguments';

async function parseArguments(
  args: readonly string[],
  known: readonly string[],
): Promise<PreflightArguments | undefined> {
  const line = new CommandLine('preflight', '', { out: () => undefined, err: () => undefined });
  let read: PreflightArguments | undefined;
  preflightOptions(line.program, []).action(
    line.run((options: PreflightOptions) => {
      read = readOptions(options, known);
      return 0;
    }),
  );
  await line.execute(args);
  return read;
}

const names = ['node', 'house'];

it('reads the options of preview and those of preflight', async () => {
  expect(
    await parseArguments(
      [
        '--stack',
        'prod',
        '--config',
        'a=1',
        '--config',
        'b=2',
        '--only',
        'node,house',
        '--skip',
        'node',
        '--offline',
        '--json',
        '--timeout',
        '3',
        '--before',
        'opening',
      ],
      names,
    ),
  ).toEqual({
    stack: 'prod',
    config: ['a=1', 'b=2'],
    only: ['node', 'house'],
    leaveOut: ['node'],
    offline: true,
    json: true,
    limitMs: 3000,
    before: 'opening',
  });
  expect(await parseArguments([], names)).toMatchObject({ stack: 'dev', before: 'up', limitMs: 10_000 });
});

it.each<[string[], RegExp]>([
  [['--nonsense=secret'], /^unknown option '--nonsense'$/],
  [['--stak', 'prod'], /Did you mean --stack\?/],
  [['prod'], /Expected 0 arguments but got 1$/],
  [['--only', 'hous'], /no check "hous"; there are node, house/],
  [['--only', ','], /--only takes names/],
  [['--only', 'node', '--skip', 'node'], /leaves nothing/],
  [['--timeout', '0'], /1 to 300/],
  [['--timeout', '1e3'], /1 to 300/],
  [['--before', 'noon'], /up or opening/],
])('rejects %j and says why', async (args, words) => {
  await expect(parseArguments(args, names)).rejects.toThrow(words);
});

it('prints the help for --help, even beside an unknown option', async () => {
  expect(await parseArguments(['--stack', 'prod', '--help', '--nonsense'], names)).toBeUndefined();
});

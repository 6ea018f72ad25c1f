import { parseArguments } from './arguments';

const names = ['node', 'house'];

it('takes what preview takes, and its own', () => {
  expect(
    parseArguments(
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
  expect(parseArguments([], names)).toMatchObject({ stack: 'dev', before: 'up', limitMs: 10_000 });
});

it.each<[string[], RegExp]>([
  [['--nonsense'], /nonsense/],
  [['prod'], /no arguments without --/],
  [['--only', 'hous'], /no check "hous"; there are node, house/],
  [['--only', ','], /--only takes names/],
  [['--only', 'node', '--skip', 'node'], /leaves nothing/],
  [['--timeout', '0'], /1 to 300/],
  [['--timeout', '1e3'], /1 to 300/],
  [['--before', 'noon'], /up or opening/],
])('does not understand %j', (args, words) => {
  expect(() => parseArguments(args, names)).toThrow(words);
});

it('helps, whatever else is asked', () => {
  expect(parseArguments(['--stack', 'prod', '--help'], names)).toBe('help');
});

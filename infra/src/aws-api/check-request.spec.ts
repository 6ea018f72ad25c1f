import { checkRequest, faultText } from './check-request';
import type { Shape } from './shape';

const shape: Shape = {
  type: 'structure',
  required: ['Name'],
  members: {
    Name: { type: 'string', min: 2, max: 4, pattern: '[a-z😀]+' },
    Size: { type: 'integer', min: 1, max: 9 },
    Share: { type: 'double', max: 1 },
    Kind: { type: 'string', enum: ['small', 'large'] },
    On: { type: 'boolean' },
    Tags: {
      type: 'list',
      min: 1,
      max: 2,
      element: { type: 'structure', required: ['Key'], members: { Key: { type: 'string', max: 3 } } },
    },
    Notes: { type: 'map', max: 1, key: { type: 'string', max: 2 }, value: { type: 'string', max: 2 } },
    Body: { type: 'blob' },
  },
};

it('accepts a request at the edge of every constraint', () => {
  for (const request of [
    { Name: 'ab' },
    {
      Name: 'abcd',
      Size: 1,
      Share: 1,
      Kind: 'large',
      On: false,
      Tags: [{ Key: 'abc' }],
      Notes: { ab: 'cd' },
      Body: '',
    },
    { Name: 'ab', Size: 9, Tags: [{ Key: '' }, { Key: 'a' }], Notes: {} },
  ])
    expect(checkRequest(shape, request)).toEqual([]);
});

it.each<[what: string, request: unknown, kind: string, place: string]>([
  ['a text instead of a request', 'text', 'type', 'c: '],
  ['a required member that is missing', {}, 'required', 'c Name: '],
  ['a member that AWS does not know', { Name: 'ab', Nmae: 'x' }, 'member', 'c Nmae: '],
  ['a text that is too short', { Name: 'a' }, 'length', 'c Name: 1 characters'],
  ['a text that is too long', { Name: 'abcde' }, 'length', 'c Name: 5 characters'],
  ['a text that does not match its pattern', { Name: 'AB' }, 'pattern', 'c Name: "AB"'],
  ['a word that is not in the enumeration', { Name: 'ab', Kind: 'medium' }, 'enum', 'c Kind: "medium"'],
  ['a number that is too small', { Name: 'ab', Size: 0 }, 'range', 'c Size: 0'],
  ['a number that is too large', { Name: 'ab', Share: 1.01 }, 'range', 'c Share: 1.01'],
  ['a fraction instead of a whole number', { Name: 'ab', Size: 1.5 }, 'type', 'c Size: is number, not integer'],
  ['NaN instead of a number', { Name: 'ab', Share: NaN }, 'type', 'c Share: '],
  ['a text instead of a number', { Name: 'ab', Size: '5' }, 'type', 'c Size: is string'],
  ['a number instead of a text', { Name: 5 }, 'type', 'c Name: is number'],
  ['a text instead of true or false', { Name: 'ab', On: 'true' }, 'type', 'c On: is string'],
  ['an empty list', { Name: 'ab', Tags: [] }, 'count', 'c Tags: 0 entries'],
  ['a list that is too long', { Name: 'ab', Tags: [{ Key: '' }, { Key: '' }, { Key: '' }] }, 'count', 'c Tags: 3 '],
  ['a map instead of a list', { Name: 'ab', Tags: { Key: 'a' } }, 'type', 'c Tags: is object, not list'],
  ['a fault in the second entry', { Name: 'ab', Tags: [{ Key: 'a' }, {}] }, 'required', 'c Tags[1].Key: '],
  ['a map with too many entries', { Name: 'ab', Notes: { a: '', b: '' } }, 'count', 'c Notes: 2 entries'],
  ['a key that is too long', { Name: 'ab', Notes: { abc: '' } }, 'length', 'c Notes.abc: 3 '],
  ['a value that is too long', { Name: 'ab', Notes: { a: 'abc' } }, 'length', 'c Notes.a: 3 '],
  ['a list instead of a map', { Name: 'ab', Notes: ['a'] }, 'type', 'c Notes: is a list'],
  ['a number instead of bytes', { Name: 'ab', Body: 1 }, 'type', 'c Body: '],
])('finds %s', (_what, request, kind, place) => {
  const faults = checkRequest(shape, request);
  expect(faults.map((fault) => fault.kind)).toEqual([kind]);
  expect(faults.map((fault) => faultText('c', fault))).toEqual([expect.stringContaining(place)]);
});

it('counts characters as AWS does, also outside Unicode’s basic plane', () => {
  expect(checkRequest(shape, { Name: 'ab😀c' })).toEqual([]);
  expect(checkRequest({ type: 'string', max: 1 }, '😀')).toEqual([]);
});

import { OFFICES_AS_OF } from '@communique-tee/protocol';
import { createCaller } from '../testing/call';

const { call } = createCaller();

it('lists the offices for an address in a state, with the date of the table', async () => {
  for (const state of ['OH', 'oh'])
    expect(await call(['offices', state])).toEqual({
      exit: 0,
      out: `OH  HOH01 to HOH15 (House), SOH01 and SOH03 (Senate)\nAs of ${OFFICES_AS_OF}.\n`,
      err: '',
    });
});

it('lists every office as JSON', async () => {
  const { exit, out } = await call(['offices', '--json']);
  const { as_of, offices } = JSON.parse(out) as { as_of: string; offices: Record<string, string[]> };
  expect({ exit, as_of, count: Object.values(offices).flat().length }).toEqual({
    exit: 0,
    as_of: OFFICES_AS_OF,
    count: 541,
  });
  expect(offices['AS']).toEqual(['HAQ00']);
});

it('lists the states if the given state does not exist', async () => {
  expect(await call(['offices', 'ZZ'])).toMatchObject({
    exit: 2,
    out: '',
    err: expect.stringContaining('ZZ is not a state or territory with an office; there are AK AL AR') as string,
  });
});

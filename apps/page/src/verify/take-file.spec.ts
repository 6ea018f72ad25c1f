import { checkEnclave, given } from '../trust/trust';
import { outcome, takeFiles, takeText } from './take-file';

jest.mock('../trust/trust', () => {
  const { signal } = jest.requireActual<typeof import('@preact/signals')>('@preact/signals');
  return {
    given: signal(undefined),
    naming: signal({ accepted: [{ pcr0: 'cd'.repeat(48), operator: 'any' }] }),
    demoRoot: signal(undefined),
    checkEnclave: jest.fn(() => Promise.resolve()),
  };
});

const SLOW = 'ab'.repeat(48);
const QUICK = '12'.repeat(48);
const PCR3 = '34'.repeat(48);
const json = (pcr0: string) => JSON.stringify({ acceptedMeasurements: [{ pcr0, pcr3: PCR3 }] });

/** A file whose content arrives when the spec calls `read`. */
function file(): { readonly files: File[]; readonly read: (text: string) => void; readonly fail: () => void } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return {
    files: [{ size: 100, text: () => promise } as File],
    read: resolve,
    fail: () => {
      reject(new Error('unreadable'));
    },
  };
}

beforeEach(() => {
  given.value = undefined;
  outcome.value = undefined;
  jest.mocked(checkEnclave).mockClear();
});

it.each(['is read', 'fails'])(
  'the second of two files counts, even if the first file is slower and %s after the second',
  async (how) => {
    const [slow, quick] = [file(), file()];
    const taken = [takeFiles(slow.files), takeFiles(quick.files)];
    quick.read(json(QUICK));
    await taken[1];
    if (how === 'fails') slow.fail();
    else slow.read(json(SLOW));
    await taken[0];
    expect(given.value).toEqual([{ pcr0: QUICK, pcr3: PCR3 }]);
    expect([outcome.value, jest.mocked(checkEnclave).mock.calls.length]).toEqual([{ kind: 'compared' }, 1]);
  },
);

it('an image without an operator is refused, even if the site accepts any operator', async () => {
  await takeText(SLOW, '');
  expect(outcome.value).toMatchObject({ kind: 'problem', problem: { code: 'operator_missing' } });
  expect(given.value).toBeUndefined();
});

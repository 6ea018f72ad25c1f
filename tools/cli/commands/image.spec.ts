import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createCaller } from '../testing/call';

/** An image that AWS's nitro-cli made and signed. */
const image = join(workspaceRoot(), 'libs/eif/src/testing/aws-signed/es384.eif');
const other = 'ab'.repeat(48);
const { call } = createCaller();
let folder: TemporaryFolder;
let measured: { Measurements: Record<'PCR0' | 'PCR1' | 'PCR2' | 'PCR8', string> };
let policy: (set: object) => Promise<string>;

beforeAll(async () => {
  folder = await temporaryFolder('cli-image-');
  measured = JSON.parse((await call(['image', 'measure', image, '--json'])).out) as typeof measured;
  policy = async (set) => {
    const file = folder.file('policy.json');
    await writeFile(file, JSON.stringify({ acceptedMeasurements: [set] }));
    return file;
  };
});
afterAll(() => folder.remove());

it('accepts the published image by its PCR0, by a measurements file and by a policy', async () => {
  const { PCR0: pcr0, PCR1: pcr1, PCR2: pcr2, PCR8: pcr8 } = measured.Measurements;
  const file = folder.file('measurements.json');
  for (const written of [measured, { pcr0, pcr1, pcr2 }]) {
    await writeFile(file, JSON.stringify(written));
    expect(await call(['image', 'compare', image, '--pcr0', file])).toMatchObject({ exit: 0, err: '' });
  }
  for (const given of [pcr0, `${other},${pcr0}`])
    expect((await call(['image', 'compare', image, '--pcr0', given])).out).toMatch(/^SAME {2}/);
  for (const set of [
    { pcr0, pcr3: other },
    { pcr0, pcr3: other, pcr4: other, pcr8 },
    { pcr0, operator: 'any' },
  ])
    expect(await call(['image', 'compare', image, '--policy', await policy(set)])).toMatchObject({ exit: 0 });
});

it('refuses another image, and an image with the right PCR0 whose other PCRs differ from the policy', async () => {
  const { PCR0: pcr0 } = measured.Measurements;
  for (const argv of [
    ['--pcr0', other],
    ['--policy', await policy({ pcr0, pcr1: other, operator: 'any' })],
    ['--policy', await policy({ pcr0, pcr8: other, operator: 'any' })],
  ]) {
    const { exit, out } = await call(['image', 'compare', image, ...argv]);
    expect([exit, out]).toEqual([1, expect.stringMatching(/^DIFFERENT {2}.*\n {2}PCR0 .*[\s\S]*published/)]);
    expect(JSON.parse((await call(['image', 'compare', image, ...argv, '--json'])).out)).toMatchObject({ same: false });
  }
});

it('exits with 1, and prints the failed check, if the image was changed or cut off', async () => {
  const bytes = await readFile(image);
  const changed = Buffer.from(bytes);
  changed[565] = (changed[565] ?? 0) ^ 1;
  const file = folder.file('broken.eif');
  for (const [content, reason] of [
    [changed, 'ERR_EIF_CRC'],
    [bytes.subarray(0, 1500), 'ERR_EIF_TRUNCATED'],
  ] as const) {
    await writeFile(file, content);
    for (const command of ['measure', 'describe'])
      expect(await call(['image', command, file])).toMatchObject({
        exit: 1,
        out: '',
        err: expect.stringContaining(`image_refused (${reason})`) as string,
      });
  }
});

it.each([
  ['a file that is not an image', ['image', 'measure', join(workspaceRoot(), 'LICENSE')], 2],
  ['a file that does not exist', ['image', 'measure', '/no/such.eif'], 3],
  ['no published image', ['image', 'compare', image], 2],
  ['two sources of the published image', ['image', 'compare', image, '--pcr0', other, '--policy', 'x.json'], 2],
  ['a measurements file that does not exist', ['image', 'compare', image, '--pcr0', '/no/such.json'], 3],
])('exits with the right code on %s', async (_, argv, exit) => {
  expect(await call(argv)).toMatchObject({ exit, out: '', err: expect.stringMatching(/^ERROR {2}/) as string });
});

it('describes an image and prints its measurements', async () => {
  const { exit, out } = await call(['image', 'describe', image]);
  expect(exit).toBe(0);
  for (const word of [measured.Measurements.PCR0, 'command line', 'signature, right']) expect(out).toContain(word);
});

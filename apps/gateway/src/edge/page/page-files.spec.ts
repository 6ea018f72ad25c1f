import { REFERENCE_STRING_BYTES, REFERENCE_STRING_NAME } from '@communique-tee/residence';
import { referenceStringForTests } from '@communique-tee/residence/testing';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { writeFile } from 'node:fs/promises';
import { PageFiles } from './page-files';

const residence = { mode: 'required', registrar: 'test', keys: ['x'], files: 'https://registrar.test/' } as const;
let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

it('serves no reference string if the operator configures none or the gateway takes no proofs', () => {
  const referenceStringFile = '/nonexistent';
  for (const config of [{ residence }, { residence: { mode: 'off', referenceStringFile } as const }])
    expect(new PageFiles(config).names()).not.toContain(REFERENCE_STRING_NAME);
});

it('does not start with a file that is not the reference string, or cannot be read', async () => {
  const referenceStringFile = folder.file('string.dat');
  expect(() => new PageFiles({ residence: { ...residence, referenceStringFile } })).toThrow('ENOENT');
  for (const bytes of [new Uint8Array(), new Uint8Array(REFERENCE_STRING_BYTES)]) {
    await writeFile(referenceStringFile, bytes);
    expect(() => new PageFiles({ residence: { ...residence, referenceStringFile } })).toThrow(
      'RESIDENCE_REFERENCE_STRING_FILE: names a file with another SHA-256',
    );
  }
});

const string = referenceStringForTests();
(string === undefined ? it.skip : it)('serves the reference string under a name with its hash', async () => {
  const referenceStringFile = folder.file('string.dat');
  await writeFile(referenceStringFile, string ?? '');
  const file = new PageFiles({ residence: { ...residence, referenceStringFile } }).get(REFERENCE_STRING_NAME);
  expect(file?.contentType).toBe('application/octet-stream');
  expect(file?.plain.body.equals(string ?? Buffer.of())).toBe(true);
});

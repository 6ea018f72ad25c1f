import { encodeCbor } from '@communique-tee/nsm';
import {
  commandAvailability,
  describeWith,
  temporaryFolder,
  workspaceRoot,
  type TemporaryFolder,
} from '@communique-tee/testing/harness';
import { createMockNsmTransport } from '@communique-tee/testing/nsm-mock';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = workspaceRoot();
const vectors = join(root, '../shared/vectors/attestation');

/** Tests image/init/src/attested-time.c with valid documents. init's own tests attack it with malformed ones. */
describeWith(commandAvailability('cc', 'build-essential'), 'init’s reader of the time', () => {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const source = (path: string) => join(root, 'image/init', path);
    const sources = [source('test/print-attested-time.c'), source('src/attested-time.c')];
    execFileSync('cc', ['-std=gnu17', '-O1', '-D_GNU_SOURCE', '-o', folder.file('read'), ...sources]);
  });
  afterAll(() => folder.remove());
  const timeIn = (answer: Uint8Array) => execFileSync(folder.file('read'), { input: answer, encoding: 'utf8' }).trim();
  const answerOf = (document: Uint8Array) => encodeCbor({ Attestation: { document } });

  const present = existsSync(vectors);
  const absent = present ? '' : ` (not read: ${vectors} is absent)`;
  (present ? it : it.skip)(`reads the time of every real document${absent}`, () => {
    const documents = JSON.parse(readFileSync(join(vectors, 'manifest.json'), 'utf8')) as readonly {
      file: string;
      timestamp_ms: number;
    }[];
    expect(documents.length).toBeGreaterThan(3);
    for (const { file, timestamp_ms } of documents)
      expect({ file, time: timeIn(answerOf(readFileSync(join(vectors, file)))) }).toEqual({
        file,
        time: String(timestamp_ms),
      });
  });

  it('reads the time in an answer of the mock NSM', async () => {
    const nsm = await createMockNsmTransport({ rootFolder: folder.file('nsm') });
    const request = encodeCbor({ Attestation: { user_data: null, nonce: null, public_key: null } });
    const before = Date.now();
    const time = Number(timeIn(await nsm.request(request)));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('reads no time in an answer that is an error', () => {
    expect(timeIn(encodeCbor({ Error: 'InternalError' }))).toBe('');
  });
});

import { describeWith, temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { download } from './download';

const aptIsHere = existsSync('/usr/lib/apt/apt-helper')
  ? { available: true as const }
  : { available: false as const, reason: 'apt is not on this machine' };

describeWith(aptIsHere, 'files of the archive', () => {
  let folder: TemporaryFolder;
  let server: Server;
  let asked = 0;
  const files = new Map([
    ['/pool/main/a/a_1.deb', 'first'],
    ['/pool/main/b/b_1.deb', 'second'],
  ]);
  const wanted = (name: string, content: string) => ({
    file: {
      path: `pool/main/${name}/${name}_1.deb`,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    },
    suite: 'bookworm',
    label: `${name} 1`,
  });

  beforeAll(async () => {
    folder = await temporaryFolder('download');
    server = createServer((request, response) => {
      asked++;
      const content = files.get(request.url ?? '');
      response.statusCode = content === undefined ? 404 : 200;
      response.end(content ?? 'gone');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    process.env['COMMUNIQUE_DEBIAN_MIRROR'] = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    process.env['no_proxy'] = '127.0.0.1';
  });
  afterAll(async () => {
    delete process.env['COMMUNIQUE_DEBIAN_MIRROR'];
    await new Promise((closed) => server.close(closed));
    await folder.remove();
  });

  it('are fetched once and then kept', async () => {
    const into = join(folder.path, 'kept');
    const [first = '', second = ''] = await download([wanted('a', 'first'), wanted('b', 'second')], into);
    expect([readFileSync(first, 'utf8'), readFileSync(second, 'utf8')]).toEqual(['first', 'second']);
    const before = asked;
    await download([wanted('a', 'first'), wanted('b', 'second')], into);
    expect(asked).toBe(before);
  });

  it('are fetched again if a kept file is damaged', async () => {
    const into = join(folder.path, 'damaged');
    const [file = ''] = await download([wanted('a', 'first')], into);
    writeFileSync(file, 'wrong');
    const [again = ''] = await download([wanted('a', 'first')], into);
    expect(readFileSync(again, 'utf8')).toBe('first');
  });

  it('are named in the error if the mirror no longer has them, and files that did arrive are kept', async () => {
    const into = join(folder.path, 'gone');
    await expect(download([wanted('a', 'first'), wanted('c', 'third')], into)).rejects.toMatchObject({
      code: 'version_gone',
      message: expect.stringContaining('c 1 (bookworm)') as string,
    });
    expect(readdirSync(into)).toHaveLength(1);
  });

  it('are refused if their hashes differ from the lock file', async () => {
    const into = join(folder.path, 'other');
    mkdirSync(into);
    await expect(download([wanted('a', 'other')], into)).rejects.toMatchObject({ code: 'wrong_hash' });
    expect(readdirSync(into)).toEqual([]);
  });
});

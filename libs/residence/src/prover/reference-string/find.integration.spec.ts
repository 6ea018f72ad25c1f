import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import { REFERENCE_STRING_BYTES } from '../../barretenberg/reference-string';
import { referenceStringForTests } from '../../testing/reference-string';
import { expandPoints } from './expand';
import { findReferenceString, REFERENCE_STRING_FILE } from './find.node';

const COMPRESSED_BYTES = REFERENCE_STRING_BYTES / 2;
const real = referenceStringForTests();
const whereReal = real === undefined ? it.skip : it;
const string = real ?? new Uint8Array(REFERENCE_STRING_BYTES);

/** Returns points in the form that the hosts serve: x, with the top bit set if y is odd. */
function compressed(points: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(points.length / 2);
  for (let at = 0; at < bytes.length; at += 32) {
    bytes.set(points.subarray(at * 2, at * 2 + 32), at);
    bytes[at]! |= (points[at * 2 + 63]! & 1) << 7;
  }
  return bytes;
}

let folder: TemporaryFolder;
const stops: (() => Promise<void>)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await folder.remove();
});

async function host(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const asked: (string | undefined)[] = [];
const good: RequestListener = (request, response) => {
  asked.push(request.headers.range);
  const range = `bytes 0-${String(COMPRESSED_BYTES - 1)}/4294967296`;
  response.writeHead(206, { 'content-range': range }).end(compressed(string));
};
const BAD: Readonly<Record<string, RequestListener>> = {
  'answers 403 with a page': (_, response) => response.writeHead(403).end('<h1>no</h1>'),
  'sends another range': (_, response) =>
    response
      .writeHead(206, { 'content-range': `bytes 32-${String(COMPRESSED_BYTES + 31)}/4294967296` })
      .end(compressed(string)),
  'answers 206 without Content-Range': (_, response) => response.writeHead(206).end(compressed(string)),
  'sends too little': (_, response) => response.writeHead(200).end(compressed(string).subarray(0, 1024)),
  'sends the string with one bit flipped': (_, response) => {
    const bytes = compressed(string);
    bytes[70_000]! ^= 1;
    response.writeHead(200).end(bytes);
  },
  'sends bytes that are no points': (_, response) =>
    response.writeHead(200).end(new Uint8Array(COMPRESSED_BYTES).fill(0xff)),
  'redirects to another address': (_, response) => response.writeHead(302, { location: '/g1_compressed.dat' }).end(),
  'cuts the connection': (_, response) => {
    response.writeHead(200, { 'content-length': String(COMPRESSED_BYTES) });
    response.write(compressed(string).subarray(0, 1024), () => response.destroy());
  },
  'sends a little and stalls': (_, response) => {
    response.writeHead(200);
    response.write(compressed(string).subarray(0, 1024));
  },
  'never answers': () => undefined,
};

it.each(Object.entries(BAD))('returns undefined if the only host %s', async (_, answer) => {
  expect(await findReferenceString({ hosts: [await host(answer)], timeoutMs: 500 })).toBeUndefined();
});

whereReal('takes the string from the second host if the first fails', async () => {
  const hosts = [await host((_, response) => response.writeHead(403).end('<h1>no</h1>')), await host(good)];
  const found = await findReferenceString({ hosts });
  expect(found?.from).toBe(hosts[1]);
  expect(Buffer.from(string).equals(found?.bytes ?? new Uint8Array())).toBe(true);
});

it('reads no more than the requested range if a host ignores the range and sends without end', async () => {
  let sent = 0;
  let ended = false;
  const endless: RequestListener = (request, response) => {
    asked.push(request.headers.range);
    response.writeHead(200);
    const more = () => {
      const chunk = new Uint8Array(16_384).fill(1);
      while (!ended && sent < 100_000_000) {
        sent += chunk.length;
        if (!response.write(chunk)) break;
      }
    };
    response.on('drain', more).on('close', () => (ended = true));
    more();
  };
  expect(await findReferenceString({ hosts: [await host(endless)], timeoutMs: 30_000 })).toBeUndefined();
  expect(asked.pop()).toBe(`bytes=0-${String(COMPRESSED_BYTES - 1)}`);
  // The host sends more than the 131 kB that are read, because it also fills the connection's buffers
  expect(sent).toBeLessThan(50_000_000);
});

describe('with a cache', () => {
  whereReal('keeps what it downloaded, and asks no host the next time', async () => {
    const places = { hosts: [await host(good)], cacheFolder: folder.file('cache') };
    asked.length = 0;
    await findReferenceString(places);
    const again = await findReferenceString(places);
    expect(asked).toHaveLength(1);
    expect(again?.from).toBe(join(places.cacheFolder, REFERENCE_STRING_FILE));
    expect(await readdir(places.cacheFolder)).toEqual([REFERENCE_STRING_FILE]);
  });

  whereReal('replaces a cached file that has the right length but one flipped bit', async () => {
    const places = { hosts: [await host(good)], cacheFolder: folder.file('cache') };
    const path = join(places.cacheFolder, REFERENCE_STRING_FILE);
    await mkdir(places.cacheFolder);
    const damaged = string.slice();
    damaged[200_000]! ^= 1;
    await writeFile(path, damaged);
    expect((await findReferenceString(places))?.from).toBe(places.hosts[0]);
    expect(Buffer.from(string).equals(await readFile(path))).toBe(true);
  });

  it('deletes a damaged file, and returns undefined if no host serves the string', async () => {
    const cacheFolder = folder.path;
    for (const bytes of [new Uint8Array(), new Uint8Array(REFERENCE_STRING_BYTES), new Uint8Array(1_000_000)]) {
      await writeFile(join(cacheFolder, REFERENCE_STRING_FILE), bytes);
      expect(await findReferenceString({ cacheFolder })).toBeUndefined();
      expect(await readdir(cacheFolder)).toEqual([]);
    }
  });

  whereReal('returns the string if the cache cannot be written', async () => {
    await writeFile(folder.file('cache'), 'a file');
    const places = { hosts: [await host(good)], cacheFolder: folder.file('cache') };
    expect((await findReferenceString(places))?.bytes).toHaveLength(REFERENCE_STRING_BYTES);
  });
});

it('does not try the hosts if the file that the user named is not the reference string', async () => {
  asked.length = 0;
  const file = folder.file('other.dat');
  await writeFile(file, new Uint8Array(REFERENCE_STRING_BYTES));
  for (const named of [file, folder.file('none'), folder.path, '/dev/zero'])
    expect(await findReferenceString({ file: named, hosts: [await host(good)] })).toBeUndefined();
  expect(asked).toEqual([]);
});

whereReal('takes the string from the first folder that contains it', async () => {
  await writeFile(folder.file(REFERENCE_STRING_FILE), string);
  const found = await findReferenceString({ folders: [folder.file('none'), folder.path] });
  expect(found?.from).toBe(folder.file(REFERENCE_STRING_FILE));
});

it('rejects with the caller’s reason if the caller aborts', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const url = await host(() => {
    controller.abort(reason);
  });
  await expect(findReferenceString({ hosts: [url], signal: controller.signal })).rejects.toBe(reason);
});

it('expands a compressed point to x and the y that its top bit selects, and refuses an x that no point has', () => {
  const one = (top: number) => Uint8Array.of(top, ...new Uint8Array(30), 1);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const even = expandPoints(one(0));
  expect(hex(even)).toBe(`${'1'.padStart(64, '0')}${'2'.padStart(64, '0')}`);
  expect(hex(expandPoints(one(0x80))).slice(-2)).toBe('45');
  expect(() => expandPoints(Uint8Array.of(...new Uint8Array(31), 4))).toThrow(RangeError);
});

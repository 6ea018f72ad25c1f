import { formatVerifierKey, signingKeyOf } from '@communique-tee/transparency';
import {
  commitmentOf,
  EMPTY_LEAF,
  fetchListPath,
  fieldFromBigInt,
  fieldToHex,
  isFreshListPath,
  leafOf,
  MerkleTree,
  openListPath,
  registrarOf,
  rootOfPath,
  signRootNote,
  type Field,
  type Registration,
} from './index';
import { listFilesOf, ListServer } from './testing/list-server';

const DAY = 86_400;
const NOW = 1_796_000_000;
const key = signingKeyOf('test-registrar', new Uint8Array(32).fill(1));
const by = registrarOf('test-registrar', [formatVerifierKey(key)]);
const commitment = commitmentOf(fieldFromBigInt(77n));
const registration: Registration = {
  registrar: 'test-registrar',
  district: '120-MT-01',
  salt: fieldFromBigInt(5n),
  index: 1030,
};
const reader = { by, registration, commitment, now: () => NOW };
const code = (name: string) => expect.objectContaining({ code: name });

/** Returns leaves for places 0 to 1,039. `own` is the person's leaf. */
function leavesWith(own: Field, other = 9n): Field[] {
  const leaves = Array.from({ length: 1040 }, () => EMPTY_LEAF);
  leaves[3] = fieldFromBigInt(other);
  leaves[registration.index] = own;
  return leaves;
}

const ownLeaf = leafOf({ commitment, ...registration });
const tree = MerkleTree.of(leavesWith(ownLeaf));
const later = MerkleTree.of(leavesWith(ownLeaf, 10n));
const without = MerkleTree.of(leavesWith(EMPTY_LEAF));

function noteOf(of: MerkleTree, { from = NOW - DAY, days = 14, places = 2048 } = {}): string {
  const note = { registrar: 'test-registrar', root: of.root, notBefore: from, notAfter: from + days * DAY, places };
  return signRootNote(note, key);
}

const published = listFilesOf(tree, noteOf(tree));
const fetching = (server: ListServer, more: object = {}) =>
  fetchListPath({ ...reader, files: server.url, pausesMs: [1, 1], ...more });

it('computes the path to the signed root from the published files', async () => {
  await using server = await ListServer.start(published);
  const path = await fetching(server);
  const opened = openListPath(path, reader);
  expect(fieldToHex(rootOfPath(ownLeaf, registration.index, opened.siblings))).toBe(fieldToHex(tree.root));
  expect(opened.siblings).toEqual(tree.path(registration.index));
  expect(path.fetchedAt).toBe(NOW);
  expect(JSON.stringify(path).length).toBeLessThan(2500);
});

it('fetches every file of a small tree, in order, so that the host learns nothing about the person’s place', async () => {
  await using server = await ListServer.start(published);
  await fetching(server);
  const folder = fieldToHex(tree.root);
  expect(server.paths).toEqual(['root.note', `${folder}/subtrees`, `${folder}/leaves/0`, `${folder}/leaves/1`]);
});

it('fetches only the person’s leaf file if the tree has more than 16 leaf files', async () => {
  await using server = await ListServer.start(listFilesOf(tree, noteOf(tree, { places: 16 * 1024 + 1 })));
  await fetching(server);
  const folder = fieldToHex(tree.root);
  expect(server.paths).toEqual(['root.note', `${folder}/subtrees`, `${folder}/leaves/1`]);
});

it('sends no cookies, no conditional headers, no referrer and no token', async () => {
  await using server = await ListServer.start(published);
  await fetching(server);
  await fetching(server);
  const sent = new Set(server.requests.flatMap(({ headers }) => Object.keys(headers)));
  for (const name of ['cookie', 'if-none-match', 'if-modified-since', 'if-range', 'range', 'referer', 'authorization'])
    expect(sent).not.toContain(name);
});

describe('files of two publications', () => {
  it('are fetched again until the path leads to the root of the newer publication', async () => {
    const both = new Map([...published, ...listFilesOf(later, noteOf(later))]);
    const stale = new Map([...both, ['root.note', published.get('root.note')!]]);
    stale.delete(`${fieldToHex(tree.root)}/leaves/1`);
    await using server = await ListServer.start(stale);
    const waits: number[] = [];
    const onUpdating = (waitMs: number) => {
      waits.push(waitMs);
      server.files = both;
    };
    const path = await fetching(server, { onUpdating });
    expect(openListPath(path, reader).siblings).toEqual(later.path(registration.index));
    expect(waits).toEqual([1]);
  });

  it.each([
    ['the new note over an old leaf file', later, 'leaves/0'],
    ['the old note over a new leaf file', tree, 'leaves/0'],
    ['a note over other subtree roots', later, 'subtrees'],
  ])('are never reported as a missing registration: %s', async (_what, noted, name) => {
    const right = listFilesOf(noted, noteOf(noted));
    const other = noted === tree ? later : tree;
    const inOwnFile = { ...registration, index: 3 };
    const wrong = listFilesOf(other, noteOf(other)).get(`${fieldToHex(other.root)}/${name}`)!;
    await using server = await ListServer.start(new Map([...right, [`${fieldToHex(noted.root)}/${name}`, wrong]]));
    await expect(fetching(server, { registration: inOwnFile })).rejects.toThrow(code('ERR_RESIDENCE_LIST_UPDATING'));
    expect(server.paths.filter((path) => path === 'root.note')).toHaveLength(3);
  });

  it('are reported as an update if the folder that the note names does not exist yet', async () => {
    await using server = await ListServer.start(new Map([['root.note', published.get('root.note')!]]));
    await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_LIST_UPDATING'));
  });

  it.each([
    ['is cut', (bytes: Uint8Array) => bytes.slice(0, -32)],
    ['holds a number beyond the field', (bytes: Uint8Array) => bytes.map((byte, at) => (at < 32 ? 255 : byte))],
    ['has a changed bit', (bytes: Uint8Array) => bytes.map((byte, at) => (at === 31 ? byte ^ 1 : byte))],
  ])('are assumed to be the cause if a leaf file %s', async (_what, change) => {
    const name = `${fieldToHex(tree.root)}/leaves/1`;
    await using server = await ListServer.start(new Map([...published, [name, change(published.get(name)!)]]));
    await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_LIST_UPDATING'));
  });
});

it('reports a registration as not listed if the signed list does not have it', async () => {
  await using server = await ListServer.start(listFilesOf(without, noteOf(without)));
  await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_NOT_LISTED'));
  for (const other of [
    { index: 5000 },
    { index: 2 ** 20 - 1 },
    { district: '120-MT-02' },
    { salt: fieldFromBigInt(6n) },
  ])
    await expect(fetching(server, { registration: { ...registration, ...other } })).rejects.toThrow(
      code('ERR_RESIDENCE_NOT_LISTED'),
    );
});

it('refuses a path for an empty place, or for another person’s commitment', async () => {
  await using server = await ListServer.start(published);
  const path = await fetching(server);
  // Another commitment, at an empty place and at the place of the registration.
  for (const index of [4, registration.index]) {
    const other = {
      ...reader,
      registration: { ...registration, index },
      commitment: commitmentOf(fieldFromBigInt(78n)),
    };
    expect(() => openListPath(path, other)).toThrow(code('ERR_RESIDENCE_NOT_LISTED'));
  }
});

it.each([
  [
    'signed by another key',
    signRootNote(
      { ...noteParts(), registrar: 'test-registrar' },
      signingKeyOf('test-registrar', new Uint8Array(32).fill(2)),
    ),
    'ERR_RESIDENCE_NOTE',
  ],
  ['that has ended', noteOf(tree, { from: NOW - 14 * DAY }), 'ERR_RESIDENCE_NOTE_ENDED'],
  ['that has not begun', noteOf(tree, { from: NOW + 61 }), 'ERR_RESIDENCE_NOTE_NOT_YET'],
])('refuses a root note %s', async (_what, note, expected) => {
  await using server = await ListServer.start(listFilesOf(tree, note));
  await expect(fetching(server)).rejects.toThrow(code(expected));
});

it('refuses a root note that is not UTF-8', async () => {
  await using server = await ListServer.start(new Map([['root.note', Uint8Array.of(0xff, 0x0a)]]));
  await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_NOTE'));
});

describe('a host', () => {
  it('is reported as unreachable if it has no list, answers 500, or redirects', async () => {
    await using server = await ListServer.start(new Map());
    await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_LIST_UNREACHABLE'));
    server.answer = (_path, response) => !!response.writeHead(500).end();
    await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_LIST_UNREACHABLE'));
    server.answer = (_path, response) => !!response.writeHead(302, { location: server.url }).end();
    await expect(fetching(server)).rejects.toThrow(code('ERR_RESIDENCE_LIST_UNREACHABLE'));
  });

  it('is not read beyond the size that a file may have', async () => {
    await using server = await ListServer.start(published);
    let written = 0;
    server.answer = (_path, response) => {
      const more = () => {
        written += 65_536;
        if (!response.destroyed && written < 50_000_000) response.write(Buffer.alloc(65_536), more);
      };
      more();
      return true;
    };
    await expect(fetching(server)).rejects.toThrow(/too long/);
    expect(written).toBeLessThan(50_000_000);
  });

  it('is not read further after the caller aborts', async () => {
    await using server = await ListServer.start(published);
    const caller = new AbortController();
    server.answer = () => {
      caller.abort(new Error('given up'));
      return true;
    };
    await expect(fetching(server, { signal: caller.signal })).rejects.toThrow('given up');
  });
});

it.each(['http://list.example/', 'https://u:p@list.example/', 'https://list.example/?a=1', 'ftp://list.example/', 'x'])(
  'makes no request to %s',
  async (files) => {
    await expect(fetchListPath({ ...reader, files })).rejects.toThrow(code('ERR_RESIDENCE_LIST_ADDRESS'));
  },
);

it('treats a path as fresh for a day, but not on the last day of its root', async () => {
  await using server = await ListServer.start(published);
  const path = await fetching(server);
  const at = (now: number) => isFreshListPath(path, { ...reader, now: () => now });
  expect([at(NOW), at(NOW + DAY - 1), at(NOW + DAY), at(NOW - 1)]).toEqual([true, true, false, false]);
  const old = { ...path, rootNote: noteOf(tree, { from: NOW - 13 * DAY }) };
  expect(isFreshListPath(old, reader)).toBe(false);
  expect(isFreshListPath({ ...path, siblings: path.siblings.slice(1) }, reader)).toBe(false);
});

function noteParts() {
  return { root: tree.root, notBefore: NOW, notAfter: NOW + DAY, places: 2048 };
}

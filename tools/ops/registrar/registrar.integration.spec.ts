import { temporaryFolder, type TemporaryFolder } from '@communique-tee/testing/harness';
import {
  checkWindow,
  fieldFromHex,
  fieldToHex,
  leafOf,
  MerkleTree,
  openCampaignNote,
  openRootNote,
  registrarOf,
  rootOfPath,
  type Registrar as KnownRegistrar,
} from '@communique-tee/residence';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { Registrar } from './registrar';
import { LOG_FILE, REGISTER_FILE } from './register/register-store';
import { dyingFileSystem, Killed } from './testing/dying-file-system';
import { commitment, DAY, request, START, testWorld, type TestWorld } from './testing/made-up';

let temporary: TemporaryFolder;
let folder: string;
let site: string;
let world: TestWorld;
beforeEach(async () => {
  temporary = await temporaryFolder();
  folder = temporary.file('register');
  site = temporary.file('public');
  world = testWorld();
});
afterEach(() => temporary.remove());

function create(): void {
  using made = Registrar.create(folder, { registrar: 'test', maxCampaignDays: 90 }, world);
  made.makeKey();
}
function open<T>(work: (registrar: Registrar) => T, of = world): T {
  using registrar = Registrar.open(folder, of);
  return work(registrar);
}
const keys = (): KnownRegistrar =>
  open((each) =>
    registrarOf(
      'test',
      each.verifierKeys().map(({ key }) => key),
    ),
  );
const note = () => openRootNote(readFileSync(join(site, 'root.note'), 'utf8'), keys());
const publish = () => open((each) => each.publish(site));

/** Builds the tree as a client does, from the static files only. */
function treeOfFiles(root: string): { tree: MerkleTree; leaves: Uint8Array[] } {
  const nodes = (path: string) => {
    const bytes = readFileSync(join(site, root, path));
    return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(32 * at, 32 * at + 32));
  };
  const leaves: Uint8Array[] = [];
  const subtrees = nodes('subtrees');
  for (const file of readdirSync(join(site, root, 'leaves')).map(Number)) {
    const of = nodes(`leaves/${String(file)}`);
    expect(fieldToHex(MerkleTree.of(of, { depth: 10, level: 0 }).root)).toBe(
      Buffer.from(subtrees[file]!).toString('hex'),
    );
    of.forEach((leaf, at) => (leaves[file * 1024 + at] = leaf));
  }
  expect(fieldToHex(MerkleTree.of(subtrees, { depth: 10, level: 10 }).root)).toBe(root);
  const tree = MerkleTree.of(leaves);
  return { tree, leaves };
}

/** Hashes of published folders that were found consistent. Most kills leave the same files, so they are checked only once. */
const seenWhole = new Set<string>();

function expectWhole(root: string): void {
  const hash = createHash('sha256').update(root);
  for (const name of readdirSync(join(site, root), { recursive: true, encoding: 'utf8' }).sort())
    if (statSync(join(site, root, name)).isFile()) hash.update(name).update(readFileSync(join(site, root, name)));
  const seen = hash.digest('hex');
  if (!seenWhole.has(seen)) treeOfFiles(root);
  seenWhole.add(seen);
}

describe('publication', () => {
  beforeEach(create);

  it('signs the root that both the register and the published files give, after removals and additions', () => {
    open((each) => {
      each.add(
        [1, 2, 3, 4, 5].map((at) => request(String(at), at)),
        null,
      );
      each.publish(site);
      each.revoke('2');
      each.revoke('5');
      each.publish(site);
      each.add([request('6', 6)], null);
    });
    const { root } = publish();
    const { tree, leaves } = treeOfFiles(root);
    expect(fieldToHex(tree.root)).toBe(root);
    const people = open((each) => [...each.register.people.values()]);
    const own = MerkleTree.of(
      people.reduce<Uint8Array[]>(
        (all, { registration: of }) => {
          if (of === null) return all;
          const { commitment: hex, district, salt, index } = of;
          all[index] = leafOf({ commitment: fieldFromHex(hex), district, salt: fieldFromHex(salt) });
          return all;
        },
        Array.from({ length: 1024 }, () => new Uint8Array(32)),
      ),
    );
    expect(fieldToHex(own.root)).toBe(root);
    expect(leaves.filter((leaf) => leaf.some((byte) => byte !== 0))).toHaveLength(4);
    for (const { registration } of people.filter((each) => each.registration !== null))
      expect(
        fieldToHex(rootOfPath(tree.at(registration!.index), registration!.index, tree.path(registration!.index))),
      ).toBe(root);
  });

  it('signs an unchanged tree again, so that its note is valid for longer', () => {
    open((each) => each.add([request('1', 1)], null));
    const first = publish();
    world.pass(13 * DAY);
    const second = publish();
    expect(second).toMatchObject({ root: first.root, sameTree: true, notBefore: START + 13 * DAY });
    expect(note()).toMatchObject({ notAfter: START + 27 * DAY, places: 1024 });
    expect(readdirSync(site).sort()).toEqual([first.root, 'root.note'].sort());
  });

  it('keeps the folders of valid roots, and removes the folders of ended roots', () => {
    const roots = [1, 2, 3].map((at) => {
      open((each) => each.add([request(String(at), at)], null));
      const { root } = publish();
      world.pass(10 * DAY);
      return root;
    });
    expect(readdirSync(site)).not.toContain(roots[0]);
    expect(readdirSync(site)).toEqual(expect.arrayContaining([...roots.slice(1), 'root.note']));
  });

  it.each([0o077, 0o000, 0o027, 0o277])(
    'lets everyone read the static files, but lets only the owner read the register and the keys, whatever the umask (row %#)',
    (umask) => {
      const [private_, public_] = [
        temporary.file(`private-${String(umask)}`),
        temporary.file(`public-${String(umask)}`),
      ];
      const before = process.umask(umask);
      let root: string;
      try {
        using made = Registrar.create(private_, { registrar: 'test', maxCampaignDays: 90 }, world);
        made.makeKey();
        made.add([request('1', 1)], null);
        root = made.publish(public_).root;
        expect(process.umask()).toBe(umask);
      } finally {
        process.umask(before);
      }
      const mode = (...path: string[]) => (statSync(join(...path)).mode & 0o777).toString(8);
      for (const path of [['root.note'], [root, 'subtrees'], [root, 'leaves', '0']])
        expect([path, mode(public_, ...path)]).toEqual([path, '644']);
      for (const path of [[], [root], [root, 'leaves']]) expect([path, mode(public_, ...path)]).toEqual([path, '755']);
      for (const path of [[], ['keys']]) expect([path, mode(private_, ...path)]).toEqual([path, '700']);
      for (const path of [
        [REGISTER_FILE],
        [LOG_FILE],
        ...readdirSync(join(private_, 'keys')).map((name) => ['keys', name]),
      ])
        expect([path, mode(private_, ...path)]).toEqual([path, '600']);
    },
  );

  it('refuses to publish a register without people, unless it is told that the register may be empty', () => {
    expect(publish).toThrow('the tree would have no people');
    expect(open((each) => each.publish(site, true)).people).toBe(0);
  });
});

it('publishes a new commitment once no verifier accepts a root with the old commitment', () => {
  create();
  open((each) => each.add([request('16', 16), request('17', 1)], null));
  publish();
  const before = note();
  open((each) => each.add([request('17', 2)], null));
  const leaves = () => treeOfFiles(publish().root).leaves.filter((leaf) => leaf.some((byte) => byte !== 0)).length;
  world.pass(14 * DAY - 1);
  expect(leaves()).toBe(1);
  world.pass(60);
  expect(leaves()).toBe(1);
  world.pass(1);
  expect(leaves()).toBe(2);
  // At the first moment at which a verifier accepts the new root, it already refuses the old one.
  const earliest = note().notBefore - 60;
  expect(() => {
    checkWindow(note(), earliest);
  }).not.toThrow();
  expect(() => {
    checkWindow(before, earliest);
  }).toThrow('over');
});

it('moves 300 people to districts of the next Congress, while the old and the new root are both valid', () => {
  create();
  const people = Array.from({ length: 300 }, (_, at) => String(at + 1));
  open((each) =>
    each.add(
      people.map((person) => request(person, Number(person))),
      null,
    ),
  );
  world.pass(Date.UTC(2026, 11, 31) / 1000 - START);
  publish();
  const before = note();
  const changes = open((each) =>
    each.move(people.map((person, at) => ({ line: at + 2, person, district: '120-MT-02' }))),
  );
  expect(changes.every(({ kind, registration }) => kind === 'moved' && registration?.from === 0)).toBe(true);
  const { root } = publish();
  expect(treeOfFiles(root).leaves.filter((leaf) => leaf.some((byte) => byte !== 0))).toHaveLength(300);
  // Both roots are valid while people fetch their new registration. Their commitment, and so their nullifier, stays the same.
  for (const each of [before, note()]) {
    expect(() => {
      checkWindow(each, Date.UTC(2027, 0, 3, 17) / 1000);
    }).not.toThrow();
  }
});

describe('campaigns and keys', () => {
  beforeEach(create);

  it('opens a campaign once, and returns the same note again', () => {
    const window = { notBefore: START, notAfter: START + 90 * DAY };
    const signed = open((each) => each.openCampaign('clean-water', window));
    expect(openCampaignNote(signed, keys(), 90)).toEqual({ registrar: 'test', campaign: 'clean-water', ...window });
    expect(Buffer.byteLength(signed)).toBeLessThanOrEqual(400);
    expect(() => open((each) => each.openCampaign('clean-water', { ...window, notAfter: START + DAY }))).toThrow(
      'was signed already',
    );
    expect(open((each) => each.campaignNote('clean-water'))).toBe(signed);
  });

  it('signs a note of at most 400 bytes for the longest ids', () => {
    rmSync(folder, { recursive: true });
    const id = 'r'.repeat(64);
    using long = Registrar.create(folder, { registrar: id, maxCampaignDays: 90 }, world);
    long.makeKey();
    const signed = long.openCampaign('c'.repeat(64), { notBefore: START, notAfter: START + DAY });
    expect(Buffer.byteLength(signed)).toBeLessThanOrEqual(400);
  });

  it.each([
    ['91 days', 'aa', START, START + 91 * DAY, 'at most 90 days'],
    ['90 days and a second', 'aa', START, START + 90 * DAY + 1, 'at most 90 days'],
    ['a window of 0 seconds', 'aa', START, START, 'ends before it begins'],
    ['a time that is over', 'aa', START - 2 * DAY, START - DAY, 'has ended already'],
    ['an id with capitals and a blank', 'Clean Water', START, START + DAY, 'a campaign id is'],
    ['an id that no sealed message can name', 'a', START, START + DAY, 'a campaign id is 2 to 64'],
  ])('refuses to sign a campaign with %s', (_, id, notBefore, notAfter, words) => {
    expect(() => open((each) => each.openCampaign(id, { notBefore, notAfter }))).toThrow(words);
    expect(open((each) => each.register.campaigns)).toEqual([]);
  });

  it('signs with the second key after useKey, and refuses to make a third key', () => {
    open((each) => each.add([request('1', 1)], null));
    const [first] = open((each) => each.verifierKeys());
    const second = open((each) => each.makeKey());
    expect(() => open((each) => each.makeKey())).toThrow('there are two keys already');
    publish();
    const signedBy = () => readFileSync(join(site, 'root.note'), 'utf8').trimEnd().split(' ').at(-1)!;
    const idOf = (signature: string) => Buffer.from(signature, 'base64').toString('hex').slice(0, 8);
    expect(idOf(signedBy())).toBe(first!.keyId);
    const campaign = open((each) => each.openCampaign('aa', { notBefore: START, notAfter: START + DAY }));
    open((each) => {
      each.useKey(second);
    });
    publish();
    expect(idOf(signedBy())).toBe(second);
    const again = open((each) => each.campaignNote('aa'));
    expect(again.split('\n\n')[0]).toBe(campaign.split('\n\n')[0]);
    expect(again).not.toBe(campaign);
  });
});

describe('a register that was damaged, edited or restored', () => {
  const register = () => join(folder, REGISTER_FILE);
  const log = () => join(folder, LOG_FILE);
  beforeEach(() => {
    create();
    open((each) => each.add([request('1', 1), request('2', 2)], null));
  });

  it.each([
    ['its file has 0 bytes', () => truncateSync(register(), 0)],
    ['its file is cut in half', () => truncateSync(register(), Math.floor(statSync(register()).size / 2))],
    ['its file lacks the last line', () => truncateSync(register(), statSync(register()).size - 72)],
    ['its file is all NULs', () => writeFileSync(register(), Buffer.alloc(statSync(register()).size))],
    ['a district is edited', () => edit('119-MT-01', '119-MT-02')],
    ['a person is removed', () => edit(/\{"person":"1"[^\n]*\n/, '')],
    ['an empty line is added', () => appendFileSync(register(), '\n')],
    ['its file is gone', () => rmSync(register())],
    ['its log is gone', () => rmSync(log())],
    ['its log is edited', () => writeFileSync(log(), readFileSync(log(), 'utf8').replace('a spec', 'another'))],
    ['its log is cut', () => truncateSync(log(), 10)],
    ['its log belongs to another register', () => writeFileSync(log(), '{}\n{}\n{}\n')],
  ])('is refused if %s', (_, damage) => {
    damage();
    for (const work of [publish, () => open((each) => each.revoke('1'))])
      expect(work).toThrow(expect.objectContaining({ code: 'ERR_REGISTRAR_UNREADABLE' }) as Error);
    expect(() => statSync(site)).toThrow('ENOENT');
  });

  it('is refused if it is older than its log', () => {
    const old = readFileSync(register());
    open((each) => {
      each.revoke('1');
      each.revoke('2');
    });
    writeFileSync(register(), old);
    expect(publish).toThrow('it is older than audit.log');
  });

  it('is refused if a later root was published, even if the log is as old as the register', () => {
    publish();
    cpSync(folder, temporary.file('backup'), { recursive: true });
    open((each) => each.add([request('3', 3)], null));
    publish();
    rmSync(folder, { recursive: true });
    cpSync(temporary.file('backup'), folder, { recursive: true });
    expect(publish).toThrow('the register is an old copy');
  });

  it('works after the command `restored`, and publishes no new commitment for 15 days', () => {
    rmSync(log());
    Registrar.restored(folder, world)[Symbol.dispose]();
    open((each) => {
      const changes = each.add([request('3', 3), request('1', 9), request('2', 2, { district: '119-MT-02' })], null);
      // Roots that the register does not know may hold the old commitment of person 1, who therefore waits too.
      expect(changes.map(({ registration }) => registration!.from)).toEqual([START + 15 * DAY, START + 15 * DAY, 0]);
    });
    expect(publish().people).toBe(1);
    world.pass(15 * DAY);
    expect(publish().people).toBe(3);
    expect(readdirSync(folder).sort()).toEqual(['audit.log', 'keys', 'lock', 'register.jsonl']);
  });

  function edit(from: string | RegExp, to: string): void {
    writeFileSync(register(), readFileSync(register(), 'utf8').replace(from, to));
  }
});

describe('a process that is killed at any write', () => {
  const commands: readonly [name: string, work: (registrar: Registrar) => void][] = [
    ['add', (each) => void each.add([request('3', 3), request('4', 4)], null)],
    ['revoke', (each) => each.revoke('1')],
    ['publish', (each) => void each.publish(site)],
    ['campaign open', (each) => void each.openCampaign('bb', { notBefore: START, notAfter: START + DAY })],
    ['key make', (each) => void each.makeKey()],
  ];

  it.each(commands)('leaves the old or the new register, and consistent static files: %s', (name, work) => {
    create();
    open((each) => each.add([request('1', 1), request('2', 2)], null));
    publish();
    open((each) => each.add([request('5', 5)], null));
    const [kept, keptSite] = [temporary.file('kept'), temporary.file('kept-site')];
    cpSync(folder, kept, { recursive: true });
    cpSync(site, keptSite, { recursive: true });
    const old = readFileSync(join(folder, REGISTER_FILE), 'utf8');

    let killed = 0;
    for (;;) {
      for (const [to, from] of [
        [folder, kept],
        [site, keptSite],
      ] as const) {
        rmSync(to, { recursive: true });
        cpSync(from, to, { recursive: true });
      }
      const fs = dyingFileSystem(killed);
      try {
        open(work, { ...testWorld(fs), now: world.now });
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      if (!fs.isDead()) break;
      killed += 1;
      // The folder of the root that the note names is complete and consistent.
      const { root } = note();
      expectWhole(fieldToHex(root));
      // The register is readable, it is the old or the new one, and the command works when it is repeated.
      const now = readFileSync(join(folder, REGISTER_FILE), 'utf8');
      if (now === old && name !== 'key make') open(work);
      const done = publish();
      expect(fieldToHex(note().root)).toBe(done.root);
      expectWhole(done.root);
      const log = readFileSync(join(folder, LOG_FILE), 'utf8').trimEnd().split('\n');
      for (const line of log) expect(() => JSON.parse(line) as unknown).not.toThrow();
    }
    // Each of these commands changes files more than six times.
    expect(killed).toBeGreaterThan(6);
  });
});

it('keeps commitments and salts out of the audit log', () => {
  create();
  open((each) => each.add([request('1', 1)], null));
  const { salt } = open((each) => each.registrationOf('1'));
  const log = readFileSync(join(folder, LOG_FILE), 'utf8');
  expect(log).not.toContain(salt);
  expect(log).not.toContain(commitment(1));
  expect(log).toContain('"by":"a spec"');
});

it('adds 5,000 people with one random salt and one random place for each, and with few writes', () => {
  create();
  const counts = { salts: 0, draws: 0, writes: 0 };
  const fs = new Proxy(nodeFs, {
    get: (target, name, receiver) => {
      counts.writes += name === 'writeSync' ? 1 : 0;
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  const { random } = world;
  const counting: TestWorld = {
    ...testWorld(fs),
    random: {
      salt: () => (counts.salts++, random.salt()),
      below: (bound) => (counts.draws++, random.below(bound)),
    },
  };
  const many = Array.from({ length: 5_000 }, (_, at) =>
    request(`p${String(at)}`, 1, { line: at + 2, commitment: (at + 1).toString(16).padStart(64, '0') }),
  );
  expect(open((each) => each.add(many, null), counting)).toHaveLength(5_000);
  expect(counts).toEqual({ salts: 5_000, draws: 5_000, writes: 8 });
  expect(open((each) => each.register.people.size)).toBe(5_000);
});

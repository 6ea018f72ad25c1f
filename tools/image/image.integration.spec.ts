import 'reflect-metadata'; // @peculiar/x509 needs it
import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, KeyObject, webcrypto } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type CpioInput, readImage, writeCpio } from '@communique-tee/eif';
import { X509CertificateGenerator } from '@peculiar/x509';
import { CommandLine } from '@communique-tee/command-line';
import { addImageCommands } from './commands';
import { printable } from './output';

const root = join(__dirname, '../..');

async function image(args: readonly string[], errIsTerminal = false) {
  const run = { status: 0, out: '', err: '' };
  const streams = { out: (text: string) => void (run.out += text), err: (text: string) => void (run.err += text) };
  const line = new CommandLine('image', '', streams);
  addImageCommands(line.program, line, { ...streams, errIsTerminal });
  run.status = await line.parse(args);
  return run;
}

/** Makes a key and a certificate that is valid now. */
async function makeSigner() {
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']);
  const dates = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=image signer',
    keys,
    ...dates,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-384' },
  });
  return {
    privateKeyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }),
    certificatePem: certificate.toString('pem'),
  };
}

let folder: string;
const file = (name: string) => join(folder, name);

/** Packs a small image with these files in its second ramdisk. */
async function pack(name: string, files: Record<string, string>, ...more: string[]) {
  const entries: CpioInput[] = Object.entries(files).map(([path, text]) => ({
    kind: 'file',
    name: path,
    mode: 0o644,
    content: Buffer.from(text),
  }));
  await writeCpio(entries, file(`${name}.cpio`));
  return image([
    'pack',
    '--kernel',
    file('kernel'),
    '--cmdline',
    'quiet',
    '--ramdisk',
    file('init.cpio'),
    '--ramdisk',
    file(`${name}.cpio`),
    '-o',
    file(name),
    ...more,
  ]);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-'));
  await writeFile(file('kernel'), 'kernel');
  await writeCpio(
    [
      { kind: 'directory', name: 'dev', mode: 0o755 },
      { kind: 'characterDevice', name: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'symlink', name: 'init', target: 'bin/init' },
    ],
    file('init.cpio'),
  );
  const signer = await makeSigner();
  await writeFile(file('key.pem'), signer.privateKeyPem);
  await writeFile(file('certificate.pem'), signer.certificatePem);
  const other = await makeSigner();
  await writeFile(file('other.pem'), other.certificatePem);
});
afterAll(() => rm(folder, { recursive: true }));

describe('image pack and measure', () => {
  it('make an image with the same bytes each time, and print its measurements as nitro-cli does', async () => {
    const first = await pack('a.eif', { 'app.js': 'app' }, '--json');
    const second = await pack('b.eif', { 'app.js': 'app' }, '--json');
    expect(first).toMatchObject({ status: 0, err: '' });
    expect(second.out).toBe(first.out);
    expect((await readFile(file('a.eif'))).equals(await readFile(file('b.eif')))).toBe(true);

    const { Measurements } = JSON.parse(first.out) as { Measurements: Record<string, string> };
    expect(Object.keys(Measurements)).toEqual(['HashAlgorithm', 'PCR0', 'PCR1', 'PCR2']);
    expect(Measurements['HashAlgorithm']).toBe('Sha384 { ... }');
    const app = createHash('sha384')
      .update(await readFile(file('a.eif.cpio')))
      .digest();
    expect(Measurements['PCR2']).toBe(
      createHash('sha384')
        .update(Buffer.concat([Buffer.alloc(48), app]))
        .digest('hex'),
    );
    expect((await image(['measure', file('a.eif'), '--json'])).out).toBe(first.out);
    expect((await image(['measure', file('a.eif')])).out).toMatch(
      /^PCR0 {2}[0-9a-f]{96}\nPCR1 {2}[0-9a-f]{96}\nPCR2 {2}[0-9a-f]{96}\n$/,
    );
  });

  it('put the given options into the image', async () => {
    await writeFile(file('custom.json'), '{"commit":"abc"}');
    await pack(
      'asked.eif',
      {},
      '--arch',
      'arm64',
      '--name',
      'mine',
      '--version',
      '7',
      '--build-time',
      'now',
      '--kernel-version',
      '6.12',
      '--metadata',
      file('custom.json'),
      '--memory',
      '512',
      '--cpus',
      '4',
    );
    expect(await readImage(file('asked.eif'))).toMatchObject({
      ...{ arch: 'arm64', cmdline: 'quiet', defaultMemoryBytes: 536_870_912, defaultCpus: 4, signature: undefined },
      metadata: {
        imageName: 'mine',
        imageVersion: '7',
        buildTime: 'now',
        kernelVersion: '6.12',
        customMetadata: { commit: 'abc' },
        dockerInfo: null,
      },
    });
  });

  it('show progress only on a terminal', async () => {
    await pack('a.eif', { 'app.js': 'app' });
    expect((await image(['measure', file('a.eif')], true)).err).toMatch(/^\rreading \d+ %.*\rreading 100 %\r +\r$/s);
  });
});

describe('image describe', () => {
  it('shows header, sections, metadata, measurements and files', async () => {
    await pack('described.eif', { 'app.js': 'app' }, '--name', 'mine');
    const { status, out } = await image(['describe', file('described.eif'), '--files']);
    expect(status).toBe(0);
    for (const shown of [
      'version       4',
      'architecture  x86_64',
      'command line  quiet',
      'kernel    at 560         6 bytes',
      'PCR0  ',
      'name      mine',
      'signature     none',
      'c0600 0:0        5, 1 ',
      'init -> bin/init',
      '  app.js',
    ])
      expect(out).toContain(shown);
    const json = JSON.parse((await image(['describe', file('described.eif'), '--files', '--json'])).out) as {
      ramdisks: { entries: object[] }[];
    };
    expect(json).toMatchObject({
      version: 4,
      arch: 'x86_64',
      signature: null,
      metadata: { imageName: 'mine' },
      Measurements: { HashAlgorithm: 'Sha384 { ... }' },
    });
    expect(json.ramdisks[1]!.entries).toEqual([
      {
        name: 'app.js',
        kind: 'file',
        mode: '0644',
        uid: 0,
        gid: 0,
        time: 0,
        links: 1,
        sizeBytes: 3,
        major: 0,
        minor: 0,
        sha256: createHash('sha256').update('app').digest('hex'),
      },
    ]);
  });

  it('prints no terminal control character from a name in the image', async () => {
    await pack(
      'names.eif',
      { 'a\u001b[31m': 'x', 'b\u009b31m': 'y', 'c\u202ed': 'z' },
      '--name',
      'evil\u001b]0;title\u0007',
    );
    for (const more of [[], ['--json']])
      expect((await image(['describe', file('names.eif'), '--files', ...more])).out).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/,
      );
    expect(printable('a\u202eb\n')).toBe('a\\u{202e}b\\u{a}');
  });
});

describe('image sign', () => {
  const keys = () => ['--key', file('key.pem'), '--certificate', file('certificate.pem')];

  it('adds PCR8 and changes no other measurement, and describe shows the signer', async () => {
    const unsigned = JSON.parse((await pack('unsigned.eif', { 'app.js': 'app' }, '--json')).out) as {
      Measurements: object;
    };
    const signed = await image(['sign', file('unsigned.eif'), ...keys(), '-o', file('signed.eif'), '--json']);
    expect(JSON.parse(signed.out)).toEqual({
      Measurements: { ...unsigned.Measurements, PCR8: expect.stringMatching(/^[0-9a-f]{96}$/) as string },
    });
    expect((await pack('at-once.eif', { 'app.js': 'app' }, '--json', ...keys())).out).toBe(signed.out);

    expect((await image(['describe', file('signed.eif')])).out).toContain('subject   CN=image signer');
    expect((await image(['describe', file('signed.eif'), '--signer', file('certificate.pem')])).status).toBe(0);
    expect(await image(['describe', file('signed.eif'), '--signer', file('other.pem')])).toMatchObject({
      status: 1,
      out: '',
      err: expect.stringContaining('(ERR_EIF_SIGNER)') as string,
    });
    expect(await image(['describe', file('unsigned.eif'), '--signer', file('certificate.pem')])).toMatchObject({
      status: 1,
      err: expect.stringContaining('(ERR_EIF_NOT_SIGNED)') as string,
    });
  });

  it('can write the signed image over the unsigned one, and refuses a key that does not match the certificate', async () => {
    await pack('same.eif', { 'app.js': 'app' });
    expect((await image(['sign', file('same.eif'), ...keys(), '-o', file('same.eif')])).status).toBe(0);
    expect((await readImage(file('same.eif'))).signature?.subject).toBe('CN=image signer');
    await writeFile(
      file('wrong.pem'),
      generateKeyPairSync('ec', {
        namedCurve: 'P-384',
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      }).privateKey,
    );
    expect(
      await image([
        'sign',
        file('same.eif'),
        '--key',
        file('wrong.pem'),
        '--certificate',
        file('certificate.pem'),
        '-o',
        file('x.eif'),
      ]),
    ).toMatchObject({ status: 1, err: expect.stringContaining('(ERR_EIF_SIGNING_KEY)') as string });
    expect(await readdir(folder)).not.toContain('x.eif');
  });
});

describe('image sign, beside a measurements.json', () => {
  const sign = (from: string, to: string) =>
    image(['sign', from, '--key', file('key.pem'), '--certificate', file('certificate.pem'), '-o', to, '--json']);
  const read = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const sha384Of = async (path: string) =>
    createHash('sha384')
      .update(await readFile(path))
      .digest('hex');

  /** Makes a folder with the files of `image build` that `image sign` reads. */
  async function build(name: string, text: string) {
    const folderOfImage = join(folder, name);
    await mkdir(folderOfImage);
    await pack(join(name, 'communique-tee.eif'), { 'app.js': text });
    const eif = join(folderOfImage, 'communique-tee.eif');
    const { measurements, sizeBytes } = await readImage(eif);
    const sha384 = await sha384Of(eif);
    const built = {
      $comment: 'What an enclave of this image attests.',
      image: 'communique-tee.eif',
      sizeBytes,
      sha384,
      hashAlgorithm: 'SHA384',
      ...measurements,
      commit: 'abc',
      routes: [{ host: 'uat-cwc.house.gov', port: 443, vsockPort: 8001 }],
    };
    await writeFile(join(folderOfImage, 'measurements.json'), JSON.stringify(built));
    await writeFile(join(folderOfImage, 'sbom.cdx.json'), JSON.stringify({ alg: 'SHA-384', content: sha384 }));
    return { built, folder: folderOfImage, eif };
  }

  it.each([
    ['in place of the unsigned image', 'communique-tee.eif'],
    ['beside the unsigned image', 'signed.eif'],
    ['in another folder', '../apart/communique-tee.eif'],
  ])('writes a measurements.json next to the signed image, which is written %s', async (title, name) => {
    await mkdir(file('apart'), { recursive: true });
    const { built, folder: of, eif } = await build(title, 'app');
    const signed = join(of, name);
    for (const from of [eif, signed]) {
      const { status, out, err } = await sign(from, signed);
      const there = join(dirname(signed), 'measurements.json');
      expect({ status, err }).toEqual({ status: 0, err: `${there} describes the signed image.\n` });
      const sha384 = await sha384Of(signed);
      const pcr8 = (JSON.parse(out) as { Measurements: Record<string, string> }).Measurements['PCR8'];
      expect(await read(there)).toEqual({
        ...built,
        image: basename(signed),
        sizeBytes: (await stat(signed)).size,
        sha384,
        pcr8,
      });
      expect((await read(join(dirname(signed), 'sbom.cdx.json')))['content']).toBe(sha384);
    }
    if (name.startsWith('..')) expect(await read(join(of, 'measurements.json'))).toEqual(built);
  });

  it('leaves the measurements.json of another image alone, and says so', async () => {
    const one = await build('one', 'app');
    const other = await build('other', 'another app');
    const { status, err } = await sign(one.eif, join(other.folder, 'signed.eif'));
    expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining('describes another image') as string });
    expect(await read(join(other.folder, 'measurements.json'))).toEqual(other.built);
    expect(await read(join(one.folder, 'measurements.json'))).toEqual(one.built);
  });

  it('replaces the measurements.json of an earlier image that has the same file name', async () => {
    const [earlier, later] = [await build('earlier', 'app'), await build('later', 'another app')];
    await sign(later.eif, earlier.eif);
    expect((await read(join(earlier.folder, 'measurements.json')))['pcr0']).toBe(later.built.pcr0);
  });

  it('says that no measurements.json was written if the unsigned image has none', async () => {
    await mkdir(file('bare'));
    await pack(join('bare', 'communique-tee.eif'), { 'app.js': 'app' });
    const { status, err } = await sign(file('bare/communique-tee.eif'), file('bare/communique-tee.eif'));
    expect({ status, err }).toEqual({
      status: 0,
      err: expect.stringMatching(/^no measurements\.json was written: .*bare has none of this image/) as string,
    });
    expect(await readdir(file('bare'))).not.toContain('measurements.json');
  });
});

describe('image diff', () => {
  it('says that two images are the same', async () => {
    await pack('a.eif', { 'app.js': 'app' });
    expect(await image(['diff', file('a.eif'), file('a.eif')])).toEqual({
      status: 0,
      out: 'The images are the same.\n',
      err: '',
    });
  });

  it('lists sections and files that differ', async () => {
    await pack('a.eif', { 'app.js': 'app', 'gone.js': '' });
    await pack('b.eif', { 'app.js': 'App', 'new.js': '' });
    const { status, out } = await image(['diff', file('a.eif'), file('b.eif')]);
    expect(status).toBe(1);
    expect(out).toMatch(
      /^The images differ from byte \d+ on \(header, checksum\)\.\nTheir measurements are not the same\.\n\nramdisk 2: 512 bytes, from byte \d+ on, in app\.js\n/,
    );
    for (const shown of [
      '  ~ app.js\n      sha256 ',
      '  - gone.js  file 0644, 0 bytes',
      '  + new.js  file 0644, 0 bytes',
    ])
      expect(out).toContain(shown);
    expect(JSON.parse((await image(['diff', file('a.eif'), file('b.eif'), '--json'])).out)).toMatchObject({
      same: false,
      sameMeasurements: false,
      sections: [
        {
          section: 'ramdisk 2',
          entry: 'app.js',
          entries: [
            { name: 'app.js', change: 'changed', properties: ['sha256'] },
            { name: 'gone.js', change: 'removed', b: null },
            { name: 'new.js', change: 'added', a: null },
          ],
        },
      ],
    });
  });

  it('says that only unmeasured parts differ', async () => {
    await pack('a.eif', { 'app.js': 'app' });
    await pack('b.eif', { 'app.js': 'app' }, '--cpus', '3');
    expect((await image(['diff', file('a.eif'), file('b.eif')])).out).toBe(
      'The images differ from byte 23 on (header, default CPUs).\nTheir measurements are the same.\nAll sections are the same: only the header, the order of the sections or a gap differs.\n',
    );
  });
});

describe('a command that fails', () => {
  it.each<[number, string, (broken: string) => string[]]>([
    [1, 'ERR_EIF_TRUNCATED', (broken) => ['describe', broken]],
    [1, 'ERR_EIF_TRUNCATED', (broken) => ['measure', broken]],
    [
      1,
      'ERR_EIF_TRUNCATED',
      (broken) => [
        'sign',
        broken,
        '--key',
        file('key.pem'),
        '--certificate',
        file('certificate.pem'),
        '-o',
        file('no.eif'),
      ],
    ],
    [2, 'ERR_EIF_TRUNCATED', (broken) => ['diff', broken, broken]],
    [2, 'ERR_EIF_FILE', () => ['measure', file('nowhere')]],
    [2, 'ERR_EIF_FILE', () => ['measure', folder]],
    [2, 'ERR_EIF_FILE', (broken) => ['describe', broken, '--signer', file('nowhere')]],
    [
      2,
      'ERR_EIF_FILE',
      () => [
        'pack',
        '--kernel',
        file('nowhere'),
        '--cmdline',
        '',
        '--ramdisk',
        file('init.cpio'),
        '-o',
        file('no.eif'),
      ],
    ],
    [
      2,
      'ERR_EIF_FILE',
      () => [
        'pack',
        '--kernel',
        file('kernel'),
        '--cmdline',
        '',
        '--ramdisk',
        file('init.cpio'),
        '-o',
        file('no-folder/no.eif'),
      ],
    ],
    [
      2,
      'ERR_EIF_FILE',
      () => [
        'pack',
        '--kernel',
        file('kernel'),
        '--cmdline',
        '',
        '--ramdisk',
        file('init.cpio'),
        '--metadata',
        file('kernel'),
        '-o',
        file('no.eif'),
      ],
    ],
    [
      1,
      'ERR_EIF_CMDLINE',
      () => [
        'pack',
        '--kernel',
        file('kernel'),
        '--cmdline',
        'ä',
        '--ramdisk',
        file('init.cpio'),
        '-o',
        file('no.eif'),
      ],
    ],
  ])('exits with %i and prints %s (%#)', async (status, code, args) => {
    await pack('whole.eif', {});
    await writeFile(file('broken.eif'), (await readFile(file('whole.eif'))).subarray(0, -1));
    expect(await image(args(file('broken.eif')))).toMatchObject({
      status,
      out: '',
      err: expect.stringMatching(new RegExp(`^[^\n]+ \\(${code}\\)\n$`)) as string,
    });
    expect(JSON.parse((await image([...args(file('broken.eif')), '--json'])).out)).toMatchObject({ error: { code } });
    expect(await readdir(folder)).not.toContain('no.eif');
  });

  it('refuses custom metadata that nitro-cli would refuse', async () => {
    await writeFile(file('long.json'), JSON.stringify('x'.repeat(4096)));
    expect(await pack('no.eif', {}, '--metadata', file('long.json'))).toMatchObject({
      status: 2,
      err: expect.stringContaining('4096 are allowed') as string,
    });
  });

  it.each([
    [['explain']],
    [['measure']],
    [['measure', 'a', 'b']],
    [['measure', 'a', '--files']],
    [['diff', 'a']],
    [['diff', 'a', 'b', 'c']],
    [['sign', 'a', '-o', 'b']],
    [['sign', 'a', '--key', 'k', '--certificate', 'c']],
    [['pack', '--kernel', 'k', '--cmdline', '', '-o', 'x']],
    [['pack', '--kernel', 'k', '--ramdisk', 'r', '-o', 'x']],
    [['pack', '--cmdline', '', '--ramdisk', 'r', '-o', 'x']],
    [['pack', '--kernel', 'k', '--cmdline', '', '--ramdisk', 'r']],
    [['pack', '--kernel', 'k', '--cmdline', '', '--ramdisk', 'r', '-o', 'x', '--arch', 'mips']],
    [['pack', '--kernel', 'k', '--cmdline', '', '--ramdisk', 'r', '-o', 'x', '--cpus', '-1']],
    [['pack', '--kernel', 'k', '--cmdline', '', '--ramdisk', 'r', '-o', 'x', '--key', 'k']],
    [['pack', '--kernel', 'k', '--cmdline', '', '--ramdisk', 'r', '-o', 'x', 'y']],
  ])('exits with 2 for the arguments %j', async (args) => {
    expect(await image(args)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringMatching(
        /^[^\n]+\n(\(Did you mean [^\n]+\n)?image( [a-z]+)? --help lists what it takes\.\n$/,
      ) as string,
    });
  });
});

describe('npm run image', () => {
  const command = promisify(execFile);
  it('prints help, measures an image, and exits with the right status', async () => {
    const run = (...args: string[]) =>
      command(process.execPath, ['tools/run.mjs', 'tools/image/main.ts', ...args], { cwd: root });
    for (const words of [
      ['pack'],
      ['build'],
      ['kernel'],
      ['kernel', 'arm64'],
      ['reproduce'],
      ['emulator', 'setup'],
      ['emulator', 'smoke'],
    ])
      expect(await run(...words, '--help')).toMatchObject({
        stdout: expect.stringContaining(`Usage: npm run image -- ${words[0] ?? ''}`) as string,
        stderr: '',
      });
    const { out } = await pack('real.eif', { 'app.js': 'app' }, '--json');
    expect(await run('measure', file('real.eif'), '--json')).toEqual({ stdout: out, stderr: '' });
    await expect(run('measure', file('kernel'))).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('ERR_EIF_MAGIC') as string,
    });
  });
});

import { X509Certificate, createHash, randomBytes } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  certificatePcr8,
  EifError,
  readImage,
  signImage,
  writeImage,
  type Arch,
  type EifMetadata,
} from '@communique-tee/eif';
import { seeded, withCrc } from '@communique-tee/eif/testing/raw-image';
import { makeSigningKey } from '@communique-tee/eif/testing/signing-key';
import { temporaryFolder, workspaceRoot, type TemporaryFolder } from '@communique-tee/testing/harness';
import { awsMetadata, compareWithCrate } from './compare';
import { keptJudge } from './install';
import { lockfile } from './kept-crate';
import { AwsImageJudge } from './judge';

const kept = keptJudge();
// describeWith would fail if CI is set, but a CI machine may have no Rust. The summary of .ci/run lists what did not run.
if ('absent' in kept) process.stderr.write(`\nNOT RUN: no image is compared with AWS's own: ${kept.absent}\n`);
const describeJudged = 'command' in kept ? describe : describe.skip;
const crate = new AwsImageJudge('command' in kept ? kept.command : '');

const PART_BYTES = 300_000;
const metadata: EifMetadata = {
  imageName: 'communique-tee',
  imageVersion: '1.2.3',
  buildTime: '1970-01-01T00:00:00Z',
  buildTool: 'communique-tee',
  buildToolVersion: '1.2.3',
  operatingSystem: 'Linux',
  kernelVersion: '6.12',
  dockerInfo: null,
  customMetadata: null,
};

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('image-judge-');
  for (const name of ['kernel', 'boot', 'app']) await writeFile(folder.file(name), randomBytes(PART_BYTES));
});
afterAll(() => folder.remove());

async function ours(name: string, arch: Arch = 'x86_64', changes: Partial<EifMetadata> = {}): Promise<string> {
  const path = folder.file(`${name}.eif`);
  await writeImage(
    {
      arch,
      kernel: { path: folder.file('kernel') },
      cmdline: 'reboot=k panic=1 quiet',
      ramdisks: [{ path: folder.file('boot') }, { path: folder.file('app') }],
      metadata: { ...metadata, ...changes },
    },
    path,
  );
  return path;
}

const sha256 = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');

describeJudged("AWS's image crate", () => {
  it.each(['x86_64', 'arm64'] as const)('writes the same file from the same parts for %s', async (arch) => {
    const image = await ours(arch, arch);
    const theirs = folder.file(`theirs-${arch}.eif`);
    await writeFile(folder.file('metadata.json'), awsMetadata(metadata));
    const measured = await crate.build(theirs, {
      arch,
      kernel: folder.file('kernel'),
      cmdline: 'reboot=k panic=1 quiet',
      metadata: folder.file('metadata.json'),
      ramdisks: [folder.file('boot'), folder.file('app')],
    });
    expect(await sha256(image)).toBe(await sha256(theirs));
    const { pcr0, pcr1, pcr2 } = (await readImage(theirs)).measurements;
    expect(measured).toEqual({ PCR0: pcr0, PCR1: pcr1, PCR2: pcr2 });
    expect(await crate.read(image)).toEqual({
      verdict: 'accepted',
      image: { crcValid: true, measurements: measured, signatureValid: null },
    });
    expect(await compareWithCrate(crate, image)).toMatchObject({ pcr0, difference: null });
  });

  it('writes the same unusual metadata as we do, and the comparison reports metadata in another order', async () => {
    const image = await ours('odd', 'x86_64', { imageName: 'communique\u007ftee' });
    expect((await compareWithCrate(crate, image)).difference).toBeNull();
    // serde_json does not escape U+2028, and neither may we
    const unicode = await ours('unicode', 'x86_64', { imageName: 'ü\u2028"\\\n\u0001' });
    expect((await compareWithCrate(crate, unicode)).difference).toBeNull();
    // The crate sorts the keys of custom metadata, so it would not write this image
    const unsorted = await ours('unsorted', 'x86_64', { customMetadata: { b: 1, a: 2 } });
    expect((await compareWithCrate(crate, unsorted)).difference).toMatch(/^byte \d+ \(/);
  });

  it.each(['P-256', 'P-384', 'P-521'])(
    'reads what we signed with %s, and we read what it signed, with the same PCR8',
    async (curve) => {
      const { privateKeyPem, certificatePem } = await makeSigningKey(curve, `CN=signer ${curve}`);
      const [keyFile, certificateFile] = [folder.file(`${curve}.key`), folder.file(`${curve}.pem`)];
      await writeFile(keyFile, privateKeyPem);
      await writeFile(certificateFile, certificatePem);
      const pcr8 = certificatePcr8(certificatePem);
      const image = await ours(`unsigned-${curve}`);

      const signedByUs = folder.file(`ours-${curve}.eif`);
      const { measurements } = await signImage(image, { privateKeyPem, certificatePem }, signedByUs);
      expect(measurements.pcr8).toBe(pcr8);
      expect(await crate.read(signedByUs)).toMatchObject({
        verdict: 'accepted',
        image: { crcValid: true, signatureValid: true, measurements: { PCR0: measurements.pcr0, PCR8: pcr8 } },
      });

      const signedByThem = folder.file(`theirs-${curve}.eif`);
      await copyFile(image, signedByThem);
      expect(await crate.sign(signedByThem, keyFile, certificateFile)).toMatchObject({ measurements: { PCR8: pcr8 } });
      const read = await readImage(signedByThem);
      expect(read.measurements).toEqual(measurements);
      expect(read.signature?.subject).toBe(`CN=signer ${curve}`);
      expect(new X509Certificate(read.signature?.certificatePem ?? '').subject).toBe(`CN=signer ${curve}`);
    },
  );

  it('gets our measurements for every mutated image that both programs accept', async () => {
    const bases = await mutationBases();
    const counts = { both: 0, oursAlone: 0, theirsAlone: 0, neither: 0 };
    const path = folder.file('mutated.eif');
    for (let seed = 0; seed < 400; seed++) {
      const random = seeded(seed);
      const mutated = mutate(Buffer.from(bases[seed % bases.length] ?? Buffer.alloc(0)), random);
      await writeFile(path, mutated);
      const here = await measuredHere(path);
      const there = await crate.read(path);
      const theirs = there.verdict === 'accepted' && there.image.crcValid ? there.image.measurements : null;
      if (here !== null && theirs !== null) expect({ seed, ...theirs }).toEqual({ seed, ...here });
      counts[here === null ? (theirs === null ? 'neither' : 'theirsAlone') : theirs === null ? 'oursAlone' : 'both']++;
    }
    // The crate does not check magic, order or reserved fields, so it accepts images that we refuse. It also accepts every image that
    // we accept.
    expect(counts).toEqual({ both: 45, oursAlone: 0, theirsAlone: 124, neither: 231 });
  });
});

/** Returns the same small images each time: two that we write, and three that the crate has signed (libs/eif). */
async function mutationBases(): Promise<Buffer[]> {
  const bases: Buffer[] = [];
  for (const arch of ['x86_64', 'arm64'] as const) {
    const path = folder.file('base.eif');
    const part = (text: string) => Buffer.from(text.repeat(20));
    await writeImage(
      { arch, kernel: part('kernel'), cmdline: 'quiet', ramdisks: [part('boot'), part('app')], metadata },
      path,
    );
    bases.push(await readFile(path));
  }
  for (const name of ['es256', 'es384', 'es512'])
    bases.push(await readFile(join(workspaceRoot(), 'libs/eif/src/testing/aws-signed', `${name}.eif`)));
  return bases;
}

/**
 * Changes a bit, a byte, a field of the header or a field of a section's header, or inserts or removes bytes. Then corrects the checksum.
 */
function mutate(image: Buffer, random: (limit: number) => number): Buffer {
  const at = random(image.length);
  const sections = image.readUInt16BE(26);
  const head = Number(image.readBigUInt64BE(28 + 8 * random(sections)));
  const odd = [0, 1, 2, 3, 4, 5, 6, 255, 256, 65_535][random(10)] ?? 0;
  switch (random(7)) {
    case 0:
      image[at] = (image[at] ?? 0) ^ (1 << random(8));
      break;
    case 1:
      image[at] = random(256);
      break;
    case 2:
      image.writeUInt16BE(odd, 4 + 2 * random(12));
      break;
    case 3:
      image.writeUInt16BE(odd, head + 2 * random(6));
      break;
    case 4:
      image.writeBigUInt64BE(BigInt(odd), 28 + 8 * random(64));
      break;
    case 5:
      image = Buffer.concat([image.subarray(0, at), Buffer.alloc(1 + random(64), odd), image.subarray(at)]);
      break;
    default:
      image = Buffer.concat([image.subarray(0, at), image.subarray(at + 1 + random(64))]);
  }
  return withCrc(image);
}

async function measuredHere(path: string): Promise<object | null> {
  try {
    const { pcr0, pcr1, pcr2, pcr8 } = (await readImage(path)).measurements;
    return { PCR0: pcr0, PCR1: pcr1, PCR2: pcr2, ...(pcr8 !== undefined && { PCR8: pcr8 }) };
  } catch (error) {
    if (error instanceof EifError) return null;
    throw error;
  }
}

it('lockfile() adds the registry that cargo names to the committed lock file, and keeps its versions and hashes', () => {
  const committed =
    'version = 4\n\n[[package]]\nname = "a"\nversion = "1.0.0"\nchecksum = "00"\n\n[[package]]\nname = "own"\nversion = "0.0.0"\n';
  const resolved = '[[package]]\nname = "a"\nversion = "1.0.9"\nsource = "registry+somewhere"\nchecksum = "11"\n';
  expect(lockfile(committed, resolved)).toBe(committed.replace('checksum', 'source = "registry+somewhere"\nchecksum'));
  expect(() => lockfile(committed, '[[package]]\nname = "own"\n')).toThrow('no');
});

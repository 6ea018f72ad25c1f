// node tools/run.mjs libs/eif/src/testing/large-image.ts <folder> <bytes>
// Writes, reads and signs an image with a ramdisk of <bytes> bytes, and prints how much the memory of this process grew.
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage } from '../image/read-image';
import { signImage } from '../image/sign-image';
import { writeImage } from '../image/write-image';
import { metadata } from './parts';

const [folder = '', size = ''] = process.argv.slice(2);
const path = (name: string) => join(folder, name);
const ramdisk = await open(path('ramdisk'), 'w');
await ramdisk.truncate(Number(size));
await ramdisk.close();

const before = process.resourceUsage().maxRSS;
const written = await writeImage(
  { kernel: Uint8Array.of(1), cmdline: '', ramdisks: [{ path: path('ramdisk') }], metadata, arch: 'x86_64' },
  path('image.eif'),
);
const { measurements } = await readImage(path('image.eif'));
const signing = {
  privateKeyPem: readFileSync(path('key.pem'), 'utf8'),
  certificatePem: readFileSync(path('certificate.pem'), 'utf8'),
};
const signed = await signImage(path('image.eif'), signing, path('signed.eif'));
const grownBytes = (process.resourceUsage().maxRSS - before) * 1024;
process.stdout.write(
  JSON.stringify({
    grownBytes,
    sizeBytes: written.sizeBytes,
    same: measurements.pcr0 === written.measurements.pcr0 && measurements.pcr0 === signed.measurements.pcr0,
  }),
);

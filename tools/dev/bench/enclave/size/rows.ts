import { readImage, readRamdisk } from '@communique-tee/eif';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { beside, type Row } from '../../measure';
import { debianBase } from './debian-base';
import { plainLayout } from './plain-layout';

const MIB = 1024 * 1024;

/** Compares the image with a plain layout of the same app. @param metafile the metafile of the enclave's production bundle */
export async function sizeRows(image: string, metafile: string): Promise<Row[]> {
  const [inside, plain, base] = await Promise.all([
    contentsOf(image),
    plainLayout(workspaceRoot(), metafile),
    debianBase(),
  ]);
  const named = base === undefined ? 'Node and node_modules' : 'Node and node_modules on a Debian base';
  const baseNote =
    base === undefined
      ? 'no index of Debian’s packages on this machine'
      : `of these, ${mib(base.installedBytes)} are the ${String(base.packages)} packages of Debian's base, by its index (debian:*-slim leaves out their documentation)`;
  const packed: Row = {
    what: `${named}, packed`,
    value: (plain.packedBytes + (base?.packedBytes ?? 0)) / MIB,
    unit: 'MiB',
    note: 'gzip -9; Debian’s packages as they are (xz). Amazon Linux’s image was not available',
  };
  const unpacked: Row = {
    what: named,
    value: (plain.bytes + (base?.installedBytes ?? 0)) / MIB,
    unit: 'MiB',
    note: `${baseNote}; node_modules of ${String(plain.packages)} packages`,
  };
  const files: Row = { what: 'files of only Node and node_modules', value: plain.files, unit: 'files' };
  return [
    packed,
    beside({ what: 'image (.eif, kernel in it)', value: inside.packedBytes / MIB, unit: 'MiB' }, packed),
    unpacked,
    beside(
      {
        what: 'image, unpacked',
        value: inside.bytes / MIB,
        unit: 'MiB',
        note: 'the kernel counts with its compressed size',
      },
      unpacked,
    ),
    files,
    beside({ what: 'files in the image', value: inside.files, unit: 'files' }, files),
  ];
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;

async function contentsOf(path: string): Promise<{ packedBytes: number; bytes: number; files: number }> {
  const image = await readImage(path);
  let [bytes, files] = [0, 0];
  for (const section of image.sections) {
    if (section.type === 'kernel') bytes += section.sizeBytes;
    if (section.type !== 'ramdisk') continue;
    for await (const entry of readRamdisk(path, section)) {
      if (entry.kind !== 'file') continue;
      bytes += entry.sizeBytes;
      files++;
    }
  }
  return { packedBytes: image.sizeBytes, bytes, files };
}

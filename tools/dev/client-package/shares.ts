import { gzipSync } from 'node:zlib';
import type { Metafile } from 'esbuild';

export interface Share {
  readonly name: string;
  /** Bytes in the minified bundle. */
  readonly bytes: number;
}

/** Returns how much of the bundle each dependency and each of our libraries takes, the largest first. */
export function sharesOf(metafile: Metafile): Share[] {
  const [output] = Object.values(metafile.outputs);
  const bytes = new Map<string, number>();
  for (const [file, { bytesInOutput }] of Object.entries(output?.inputs ?? {})) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? file.split('/').slice(0, 2).join('/');
    if (bytesInOutput > 0) bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return [...bytes].map(([name, count]) => ({ name, bytes: count })).sort((a, b) => b.bytes - a.bytes);
}

/** Returns the size with gzip at its best, as a server may send the file. */
export function gzipBytes(text: string): number {
  return gzipSync(text, { level: 9 }).length;
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A measurement of 96 equal digits. */
export const pcr = (digit: string): string => digit.repeat(96);

export interface ImageDraft {
  readonly stack: string;
  /** Default: `pcr('1')`. */
  readonly pcr0?: string;
  /** Default: `arm64`. */
  readonly architecture?: 'arm64' | 'x86_64';
  /** The image's settings for proofs of residence. Default: none. */
  readonly residence?: { readonly registrar: string; readonly keys: readonly string[] };
  readonly agents?: { readonly secrets: readonly string[] };
}

/**
 * Writes an image of four bytes with its measurements.json, and a release without release.json.
 * @param folder the folder for the files; earlier files in it are overwritten
 * @returns the configuration that names the files
 */
export function writeBuiltFiles(
  folder: string,
  { stack, pcr0 = pcr('1'), architecture = 'arm64', residence, agents }: ImageDraft,
): Record<string, string> {
  writeFileSync(join(folder, 'communique-tee.eif'), 'eif!');
  writeFileSync(join(folder, 'release.tar.gz'), gzipSync('a release'));
  const measurements = {
    image: 'communique-tee.eif',
    version: '0.1.0',
    architecture,
    stack,
    sizeBytes: 4,
    sha384: pcr('a'),
    hashAlgorithm: 'SHA384',
    pcr0,
    pcr1: pcr('2'),
    pcr2: pcr('3'),
    commit: 'abc',
    custody: 'kms',
    routes: [{ host: 'uat-cwc.house.gov', port: 443, vsockPort: 8001 }],
    ...(residence && { residence: { mode: 'optional', ...residence, maxCampaignDays: 30 } }),
    ...(agents && { agents: 'on', secrets: agents.secrets }),
  };
  writeFileSync(join(folder, 'measurements.json'), JSON.stringify(measurements));
  return { imageFolder: folder, releaseFile: join(folder, 'release.tar.gz') };
}

// The records in image.lock.json about prebuilt files.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { lockSchema, type LockedPackage } from '../debian-archive/lock';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Whether the files were compared with hashes that their publisher signed. If a file differs, the comparison fails and makes no record. */
const checkSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('verified'),
    on: z.iso.date(),
    /** The name of the signed document. */
    by: z.string().min(1),
    /** Fingerprints or ids of the keys that signed it. */
    keys: z.array(z.string().min(1)).min(1),
  }),
  z.strictObject({ state: z.literal('unverified'), on: z.iso.date(), reason: z.string().min(1) }),
]);

const npmRecordSchema = z.strictObject({
  kind: z.literal('npm'),
  /** The path of the file in the image. */
  file: z.string().min(1),
  architecture: z.enum(['x86_64', 'arm64']),
  name: z.string().min(1),
  version: z.string().min(1),
  /** SHA-256 of the file. */
  sha256,
  publisher: z.string().min(1),
  check: checkSchema,
});

const debianRecordSchema = z.strictObject({
  kind: z.literal('debian'),
  /** The name of a group of this lock file. */
  group: z.string().min(1),
  packages: z.int().positive(),
  /** The `groupSha256` of the packages that were compared. */
  sha256,
  publisher: z.string().min(1),
  check: checkSchema,
});

const recordSchema = z.discriminatedUnion('kind', [npmRecordSchema, debianRecordSchema]);
export const imageLockSchema = lockSchema.extend({ prebuilt: z.array(recordSchema) });

export type Check = z.infer<typeof checkSchema>;
export type NpmRecord = z.infer<typeof npmRecordSchema>;
export type PrebuiltRecord = z.infer<typeof recordSchema>;
export type ImageLock = z.infer<typeof imageLockSchema>;

/** Returns a hash over the name, version, architecture and hash of each package in a group. */
export function groupSha256(packages: readonly LockedPackage[]): string {
  const lines = packages.map(({ name, version, architecture, sha256: hash }) =>
    [name, version, architecture, hash].join(' '),
  );
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}

const nameOf = (record: PrebuiltRecord): string =>
  record.kind === 'npm' ? `${record.name} ${record.version}` : `Debian, ${record.group}`;

/** Returns one line for each unverified record, except files of the other architecture. */
export function unverifiedLines(records: readonly PrebuiltRecord[], architecture: 'x86_64' | 'arm64'): string[] {
  return records.flatMap((record) => {
    const { check } = record;
    if (check.state === 'verified' || (record.kind === 'npm' && record.architecture !== architecture)) return [];
    return [
      `unverified: ${nameOf(record)} was not compared with what ${record.publisher} signed (${check.on}: ${check.reason})`,
    ];
  });
}

/** Returns Markdown for auditors: a table of the records, and the keys that signed. */
export function prebuiltTable(records: readonly PrebuiltRecord[]): string {
  const signers = new Map<string, string>();
  const rows = records.map((record) => {
    const what =
      record.kind === 'npm'
        ? `\`${record.file}\`, ${record.architecture}`
        : `\`${record.group}\`: ${record.packages} ${record.packages === 1 ? 'package' : 'packages'}`;
    const from = record.kind === 'npm' ? `npm: \`${record.name}\` ${record.version}` : 'Debian';
    const { check } = record;
    if (check.state === 'verified') signers.set(check.by, check.keys.map((key) => `\`${key}\``).join(', '));
    const state =
      check.state === 'verified'
        ? `verified on ${check.on}: ${check.by}`
        : `**unverified** (${check.on}): ${check.reason}`;
    return `| ${what} | ${from} | ${record.publisher} | ${state} |`;
  });
  return [
    '| what | from | publisher | compared with what the publisher signed |',
    '|---|---|---|---|',
    ...rows,
    ...[...signers].flatMap(([document, keys]) => ['', `Keys that signed ${document}: ${keys}.`]),
  ].join('\n');
}

import type { Command } from 'commander';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommandLine } from '@communique-tee/command-line';
import { parseLock, type Lock } from '../debian-archive/lock';
import { say } from '../debian-archive/say';
import { reportSetupError } from '../debian-archive/setup-error';
import { IMAGE_LOCK } from '../inputs/lock-inputs';
import { comparePrebuilt, PUBLISHERS } from './compare';
import { NODE_SOURCES } from './node-release';
import { imageLockSchema, prebuiltTable, unverifiedLines, type ImageLock } from './record';

const AFTER = `
It downloads Node's signed releases (about 100 MB) and Debian's indexes. If Node's or npm's server cannot be reached, the lock says
"unverified" with the reason, and so do npm run image -- build and npm run ops -- release. A file that differs from what its
publisher signed is an error, and nothing is written.

Exit code
  0  written: image/image.lock.json and the table in docs/auditors.md
  1  a file differs from what its publisher signed, or Debian's indexes could not be fetched; nothing is written
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

interface Options {
  readonly nodeDist: string;
  readonly nodeKeys: string;
}

export const AUDITORS = join('docs', 'auditors.md');
const TABLE = /(<!-- npm run image -- prebuilt writes this table -->\n)[^]*?(\n<!-- end of the table -->)/;

export function describePrebuilt(command: Command, line: CommandLine): void {
  command
    .description(
      'Compares the prebuilt files in the image with what their publishers signed, and records the results in the lock.',
    )
    .option('--node-dist <url>', "Node's releases, or a mirror of them", NODE_SOURCES.dist)
    .option(
      '--node-keys <url>',
      "the release team's public keys; their fingerprints are pinned here",
      NODE_SOURCES.keyring,
    )
    .addHelpText('after', AFTER)
    .action(
      line.run(({ nodeDist, nodeKeys }: Options) =>
        reportSetupError(async () => {
          const root = resolve('.');
          const text = readFileSync(join(root, IMAGE_LOCK), 'utf8');
          parseLock(text, IMAGE_LOCK, imageLockSchema.partial({ prebuilt: true }));
          // Not the parsed lock, so that only the records change.
          const lock = JSON.parse(text) as Lock & Partial<ImageLock>;
          const today = new Date().toISOString().slice(0, 10);
          const prebuilt = await comparePrebuilt(root, lock, today, {
            ...PUBLISHERS,
            node: { ...NODE_SOURCES, dist: nodeDist.replace(/\/+$/, ''), keyring: nodeKeys },
          });
          writeRecords(root, { ...lock, prebuilt });
        }),
      ),
    );
}

/** Writes the records into the lock file and into the table of docs/auditors.md. @throws SetupError lock_invalid */
export function writeRecords(root: string, lock: ImageLock): void {
  const text = `${JSON.stringify(lock, undefined, 1)}\n`;
  parseLock(text, IMAGE_LOCK, imageLockSchema);
  writeFileSync(join(root, IMAGE_LOCK), text);
  const page = readFileSync(join(root, AUDITORS), 'utf8');
  writeFileSync(join(root, AUDITORS), withTable(page, lock));
  const unverified = [
    ...new Set([...unverifiedLines(lock.prebuilt, 'x86_64'), ...unverifiedLines(lock.prebuilt, 'arm64')]),
  ];
  for (const each of unverified) say(each);
  say(`${IMAGE_LOCK}: ${lock.prebuilt.length} records, ${unverified.length} of them unverified`);
}

export const withTable = (page: string, lock: ImageLock): string =>
  page.replace(TABLE, (_, start: string, end: string) => `${start}\n${prebuiltTable(lock.prebuilt)}\n${end}`);

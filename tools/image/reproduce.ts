import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import type { CommandLine } from '@communique-tee/command-line';
import { diffImages } from '@communique-tee/eif';
import { workspaceRoot } from '@communique-tee/testing/harness';

interface Options {
  readonly stack: string;
  /** false for --no-cache */
  readonly cache: boolean;
  readonly keep?: boolean;
}

const AFTER = `
Exit code
  0  the same
  1  different (the first differing byte is named), or not built
  2  an argument was not understood: the error names it, and --help lists the arguments
`;

export function describeReproduce(command: Command, line: CommandLine): void {
  command
    .description(
      'Builds the committed image twice and compares every byte. The second build is made from a clone in another folder, with another user name, umask, time zone, locale and number of CPUs.',
    )
    .option('--stack <name>', 'the stack whose image is built', 'example')
    .option(
      '--no-cache',
      'make the second build without a cache: it runs npm ci, downloads everything and builds the kernel (15 to 30 minutes). By default, kernel, init and compiler come from the cache',
    )
    .option('--keep', 'keep the folders')
    .addHelpText('after', AFTER)
    .action(line.run(({ stack, cache, keep }: Options) => compare(stack, !cache, keep === true)));
}

const run = promisify(execFile);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function compare(stack: string, withoutCache: boolean, keep: boolean): Promise<number> {
  const root = workspaceRoot();
  const { stdout: changes } = await run('git', ['status', '--porcelain', '--untracked-files=no'], { cwd: root });
  if (changes !== '') {
    say(`Commit first: the second build is made from a clone, which would not have these changes:\n${changes}`);
    return 1;
  }
  const work = await mkdtemp(join(tmpdir(), 'communique-tee-a-longer-folder-name-than-the-first-'));
  const [first, second] = [join(work, 'first'), join(work, 'second')];
  const clone = join(work, 'clone');
  try {
    say('first build: here');
    await build(root, stack, first, process.env, []);
    say('second build: from a clone');
    await run('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    if (withoutCache)
      await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: clone, maxBuffer: 2 ** 26 });
    // Symbolic links would lead back to the first folder.
    else
      await run('cp', ['-al', join(root, 'node_modules'), join(clone, 'node_modules')]).catch(() =>
        cp(join(root, 'node_modules'), join(clone, 'node_modules'), { recursive: true, verbatimSymlinks: true }),
      );
    const cache = withoutCache
      ? { COMMUNIQUE_CACHE_DIR: join(work, 'cache'), npm_config_cache: join(work, 'npm-cache') }
      : {};
    const other = {
      ...process.env,
      ...cache,
      USER: 'somebody',
      LOGNAME: 'somebody',
      TZ: 'Pacific/Auckland',
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'C.UTF-8',
    };
    await build(clone, stack, second, other, ['taskset', '-c', '0', 'sh', '-c', 'umask 077; exec "$0" "$@"']);
    const { firstByte, sections } = await diffImages(
      join(first, 'communique-tee.eif'),
      join(second, 'communique-tee.eif'),
    );
    if (firstByte === undefined) {
      const { pcr0, sizeBytes } = JSON.parse(readFileSync(join(first, 'measurements.json'), 'utf8')) as {
        pcr0: string;
        sizeBytes: number;
      };
      process.stdout.write(`the same: ${String(sizeBytes)} bytes, PCR0 ${pcr0}\n`);
      return 0;
    }
    process.stdout.write(
      `different: at byte ${String(firstByte.offset)}, ${firstByte.where}\n${JSON.stringify(sections, null, 2)}\n`,
    );
    return 1;
  } finally {
    if (keep) say(`kept: ${work}`);
    else await rm(work, { recursive: true, force: true });
  }
}

/** Builds the image from a checkout, as an auditor does. @param through a command to which the build is passed as arguments */
function build(
  folder: string,
  stack: string,
  out: string,
  env: NodeJS.ProcessEnv,
  through: readonly string[],
): Promise<void> {
  const [command = '', ...args] = [
    ...through,
    process.execPath,
    'tools/run.mjs',
    'tools/image/main.ts',
    'build',
    '--stack',
    stack,
    '--out',
    out,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
    child
      .on('error', reject)
      .on('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`the build in ${folder} ended with ${String(code)}`)),
      );
  });
}

// Builds programs that use other projects' crates from crates.io, and keeps them in the user's cache.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { holdLock } from '../debian-archive/hold-lock';

const SOURCES = ['Cargo.toml', 'Cargo.lock.in', 'main.rs'] as const;

const run = promisify(execFile);

export interface Crate {
  /** Folder of `Cargo.toml`, `Cargo.lock.in` and `main.rs`, below the workspace's root. */
  readonly sources: string;
  /** The binary's name in Cargo.toml. */
  readonly program: string;
  /** Folder of the binary, below the cache folder. */
  readonly folder: string;
  /** A name for people, such as `AWS's image crate 0.8.1`. */
  readonly title: string;
  /** The command that builds the program, for people to type. */
  readonly setup: string;
  readonly oldestRust: readonly [number, number, number];
}

export type KeptCrate = { readonly command: string } | { readonly absent: string };

/** Returns the program if an earlier `installCrate` has built it from the same sources. */
export function keptCrate(crate: Crate): KeptCrate {
  const { command } = placeOf(crate);
  return existsSync(command) ? { command } : { absent: `${crate.title} is not built here (${crate.setup})` };
}

/**
 * Builds the program if the cache does not have it.
 * @returns `absent` with the reason if Rust or the registry is missing, or the build fails
 */
export async function installCrate(crate: Crate, say: (line: string) => void): Promise<KeptCrate> {
  const kept = keptCrate(crate);
  if ('command' in kept) return kept;
  const { title, program, oldestRust } = crate;
  const { folder, command } = placeOf(crate);
  const rust = await rustVersion();
  if (rust === null || !atLeast(rust, oldestRust))
    return { absent: `Rust ${oldestRust.join('.')} or later is not here (${rust?.join('.') ?? 'no rustc'})` };
  await mkdir(folder, { recursive: true });
  return holdLock(`${folder}.lock`, async () => {
    if (existsSync(command)) return { command };
    say(`building ${title} into ${folder}: some minutes; log: ${folder}/build.log`);
    const work = await mkdtemp(join(tmpdir(), `${program}-`));
    try {
      await build(crate, work, join(folder, 'build.log'));
      await copyFile(join(work, 'target/release', program), `${command}.new`);
      await rename(`${command}.new`, command);
      return { command };
    } catch (error) {
      return { absent: `${title} cannot be built: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

const sourceOf = ({ sources }: Crate, name: (typeof SOURCES)[number]): string => join(workspaceRoot(), sources, name);

/** The binary's name contains the sources' hash, so changed sources never use an old binary. */
function placeOf(crate: Crate): { folder: string; command: string } {
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(sourceOf(crate, name)));
  const folder = join(cacheFolder(), crate.folder);
  return { folder, command: join(folder, `${crate.program}-${hash.digest('hex').slice(0, 16)}`) };
}

async function build(crate: Crate, work: string, logFile: string): Promise<void> {
  for (const name of ['Cargo.toml', 'main.rs'] as const) await copyFile(sourceOf(crate, name), join(work, name));
  await cargo(work, ['generate-lockfile'], logFile);
  const resolved = await readFile(join(work, 'Cargo.lock'), 'utf8');
  const committed = await readFile(sourceOf(crate, 'Cargo.lock.in'), 'utf8');
  await writeFile(join(work, 'Cargo.lock'), lockfile(committed, resolved));
  await cargo(work, ['build', '--release', '--locked', '--target-dir', join(work, 'target')], logFile);
}

/**
 * Adds the registry's name to the committed lock file, because no file of this repository may contain the name. Takes the name from
 * `resolved`, which cargo has just made. Versions and SHA-256 stay as committed.
 * @throws Error if cargo names no registry
 */
export function lockfile(committed: string, resolved: string): string {
  const [registry] = /^source = .*$/m.exec(resolved) ?? [];
  if (registry === undefined) throw new Error('cargo resolved nothing from a registry');
  return committed.replace(/^checksum = /gm, () => `${registry}\nchecksum = `);
}

function cargo(cwd: string, args: readonly string[], logFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const log = createWriteStream(logFile, { flags: 'a' });
    let last = '';
    const child = spawn('cargo', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log.write(text);
        last = `${last}${text}`.slice(-4096);
      });
    child.on('error', reject);
    child.on('close', (code) => {
      log.end();
      const said = last.split('\n').find((line) => line.startsWith('error')) ?? `it ended with ${String(code)}`;
      if (code === 0) resolve();
      else reject(new Error(`cargo ${args[0] ?? ''}: ${said} (${logFile})`));
    });
  });
}

async function rustVersion(): Promise<readonly number[] | null> {
  const said = await run('rustc', ['--version']).catch(() => null);
  const version = /^rustc (\d+)\.(\d+)\.(\d+)/.exec(said?.stdout ?? '');
  return version === null ? null : version.slice(1).map(Number);
}

function atLeast(version: readonly number[], oldest: readonly number[]): boolean {
  for (const [at, wanted] of oldest.entries()) {
    const is = version[at] ?? 0;
    if (is !== wanted) return is > wanted;
  }
  return true;
}

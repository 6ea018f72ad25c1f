// AWS's own image crate, built from crates.io into the user's cache: 5 CPU-minutes, 14 MB kept.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, workspaceRoot } from '@communique-tee/testing/harness';
import { holdLock } from '../debian-archive/hold-lock';

/** Of aws-nitro-enclaves-image-format; Cargo.toml pins the same. */
export const CRATE_VERSION = '0.8.1';
const OLDEST_RUST = [1, 94, 1] as const;
const SOURCES = ['Cargo.toml', 'Cargo.lock.in', 'main.rs'] as const;

const run = promisify(execFile);

export type Judge = { readonly command: string } | { readonly absent: string };

/** The program if an earlier `installJudge` of the same sources left it. */
export function keptJudge(): Judge {
  const { command } = place();
  return existsSync(command)
    ? { command }
    : { absent: `AWS's image crate ${CRATE_VERSION} is not built here (npm run image -- judge --setup)` };
}

/**
 * The program, built if it is not kept.
 * @returns `absent` with the reason if Rust or the registry is missing, or the build fails
 */
export async function installJudge(say: (line: string) => void): Promise<Judge> {
  const kept = keptJudge();
  if ('command' in kept) return kept;
  const { folder, command } = place();
  const rust = await rustVersion();
  if (rust === null || !atLeast(rust, OLDEST_RUST))
    return { absent: `Rust ${OLDEST_RUST.join('.')} or later is not here (${rust?.join('.') ?? 'no rustc'})` };
  await mkdir(folder, { recursive: true });
  return holdLock(`${folder}.lock`, async () => {
    if (existsSync(command)) return { command };
    say(`building AWS's image crate ${CRATE_VERSION} into ${folder}: some minutes; log: ${folder}/build.log`);
    const work = await mkdtemp(join(tmpdir(), 'image-judge-'));
    try {
      await build(work, join(folder, 'build.log'));
      await copyFile(join(work, 'target/release/aws-image-judge'), `${command}.new`);
      await rename(`${command}.new`, command);
      return { command };
    } catch (error) {
      return { absent: `AWS's image crate cannot be built: ${error instanceof Error ? error.message : String(error)}` };
    } finally {
      await rm(work, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

const source = (name: (typeof SOURCES)[number]): string => join(workspaceRoot(), 'tools/image/judge/crate', name);

/** Other sources are another file: an old program never judges. */
function place(): { folder: string; command: string } {
  const hash = createHash('sha256');
  for (const name of SOURCES) hash.update(readFileSync(source(name)));
  const folder = join(cacheFolder(), `aws-image-judge-${CRATE_VERSION}`);
  return { folder, command: join(folder, `aws-image-judge-${hash.digest('hex').slice(0, 16)}`) };
}

async function build(work: string, logFile: string): Promise<void> {
  for (const name of ['Cargo.toml', 'main.rs'] as const) await copyFile(source(name), join(work, name));
  await cargo(work, ['generate-lockfile'], logFile);
  const resolved = await readFile(join(work, 'Cargo.lock'), 'utf8');
  await writeFile(join(work, 'Cargo.lock'), lockfile(await readFile(source('Cargo.lock.in'), 'utf8'), resolved));
  await cargo(work, ['build', '--release', '--locked', '--target-dir', join(work, 'target')], logFile);
}

/**
 * The committed lock with the name of the registry, which no file of this repository holds: cargo itself gives it, in the lock that it
 * has just resolved. Versions and SHA-256 of the packages are those of the committed one.
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

// Builds Pulumi's real CLI with Go into the user's cache. The build takes 12 CPU-minutes and 2.3 GB of memory. The result has 120 MB.
import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isRunning } from '@communique-tee/testing/harness';
import type { Absent } from '../installed';
import { keptPulumi, moduleFile, pulumiFolder, PULUMI_VERSION, type PulumiCli } from './kept-pulumi';

const PACKAGE = 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi';
const VERSION_VARIABLE = 'github.com/pulumi/pulumi/sdk/v3/go/common/version.Version';

const execute = promisify(execFile);

/**
 * Returns the CLI, and builds it first if it is not in our cache. The build uses its own module and build caches for Go, about 3 GB, and
 * removes them at the end.
 * @returns `absent` with the reason if Go is missing or too old, a module is refused, or the build fails
 */
export async function installPulumi(say: (line: string) => void): Promise<PulumiCli | Absent> {
  const kept = keptPulumi();
  if (!('absent' in kept)) return kept;
  const oldest = await oldestGo();
  const go = await goVersion();
  if (go === null) return { absent: `Go ${oldest} or later is not on PATH` };
  if (isOlder(go, oldest)) return { absent: `Go ${oldest} or later is not here, only ${go}` };
  const folder = pulumiFolder();
  const building = `${folder}.${String(process.pid)}`;
  const log = `${folder}.log`;
  try {
    await mkdir(dirname(folder), { recursive: true });
    await removeAbandoned(folder);
    say(`building Pulumi's CLI ${PULUMI_VERSION} into ${folder}: 6 minutes or more on two cores; log: ${log}`);
    await mkdir(join(building, 'bin'), { recursive: true });
    for (const name of ['go.mod', 'go.sum'] as const) await copyFile(moduleFile(name), join(building, name));
    await build(building, log);
    await rm(folder, { recursive: true, force: true });
    await rename(join(building, 'bin'), folder).catch((error: unknown) => {
      // Another process was faster
      if ('absent' in keptPulumi()) throw error;
    });
    return keptPulumi();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { absent: `Pulumi's CLI ${PULUMI_VERSION} cannot be built: ${reason} (${log})` };
  } finally {
    await rm(building, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Removes the files of killed builds. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const pid = Number(/\.(\d+)$/.exec(name)?.[1]);
    if (name.startsWith(`${basename(folder)}.`) && Number.isInteger(pid) && !isRunning(pid))
      await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

/** @throws Error with the first line of Go's error output */
function build(folder: string, logFile: string): Promise<void> {
  const args = [
    'build',
    '-trimpath',
    '-ldflags',
    `-s -w -X ${VERSION_VARIABLE}=${PULUMI_VERSION}`,
    '-o',
    'bin/pulumi',
    PACKAGE,
  ];
  return new Promise((resolve, reject) => {
    const log = createWriteStream(logFile);
    let said = '';
    const child = spawn('go', args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GOPATH: join(folder, 'gopath'),
        GOMODCACHE: join(folder, 'modules'),
        GOCACHE: join(folder, 'objects'),
        // Accepts only the modules of go.sum, needs no C compiler, and leaves downloaded files writable, so that they can be removed
        GOFLAGS: '-mod=readonly -modcacherw -buildvcs=false',
        GOTOOLCHAIN: 'local',
        GOWORK: 'off',
        CGO_ENABLED: '0',
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        log.write(text);
        said = `${said}${text}`.slice(-65_536);
      });
    child.once('error', reject);
    child.once('close', (code) => {
      log.end();
      if (code === 0) return void resolve();
      const reason = said.split('\n').find((line) => line !== '' && !line.startsWith('go: downloading'));
      reject(new Error(reason ?? `go build ended with ${String(code)}`));
    });
  });
}

async function oldestGo(): Promise<string> {
  const [, version] = /^go (\S+)$/m.exec(await readFile(moduleFile('go.mod'), 'utf8')) ?? [];
  if (version === undefined) throw new Error(`${moduleFile('go.mod')} names no version of Go`);
  return version;
}

async function goVersion(): Promise<string | null> {
  const said = await execute('go', ['version'], { env: { ...process.env, GOTOOLCHAIN: 'local' } }).catch(() => null);
  return /^go version go(\d+(?:\.\d+)*)/.exec(said?.stdout ?? '')?.[1] ?? null;
}

function isOlder(version: string, oldest: string): boolean {
  const [is, wanted] = [version, oldest].map((each) => each.split('.').map(Number)) as [number[], number[]];
  for (const [at, part] of wanted.entries()) if ((is[at] ?? 0) !== part) return (is[at] ?? 0) < part;
  return false;
}

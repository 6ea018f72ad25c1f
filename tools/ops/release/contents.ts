import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { REFERENCE_STRING_NAME } from '@communique-tee/residence';
import { cacheFolder } from '@communique-tee/testing/harness';
import { writeLicenses } from '../../dev/build/licenses.mjs';
import { fetchNpmPackage, lockedPackage, readLockfile } from '../../image/build/npm-package';
import { readImageLock } from '../../image/inputs/lock-inputs';
import { requireCompared } from '../../image/prebuilt/require-compared';

export type Architecture = 'arm64' | 'x86_64';

/** npm's and Node's names of the architectures. */
export const NPM_ARCHITECTURE: Readonly<Record<Architecture, string>> = { arm64: 'arm64', x86_64: 'x64' };

const run = promisify(execFile);
const ENGINE = '@prisma/schema-engine-wasm';

/**
 * Fills an empty folder with the release: bin/node, gateway/, parent/, migrate/, operator/, LICENSE, NOTICE. Each bundle has its licenses
 * beside it.
 * @param referenceString the reference string that the gateway will serve; the caller has checked its hash
 * @throws BuildError `input_not_locked` | `input_not_found` | `input_changed` | `prebuilt_not_compared`
 */
export async function layOut(
  root: string,
  folder: string,
  arch: Architecture,
  referenceString?: Uint8Array,
): Promise<void> {
  const npmArch = NPM_ARCHITECTURE[arch];
  const nodePackage = lockedPackage(readLockfile(root), `node_modules/node-linux-${npmArch}`);
  const node = await fetchNpmPackage(nodePackage, cacheFolder());
  await requireCompared(readImageLock(root), arch, [{ npm: nodePackage, path: join(node, 'bin/node') }]);
  await mkdir(join(folder, 'bin'), { recursive: true });
  await copyFile(join(node, 'bin/node'), join(folder, 'bin/node'));
  await chmod(join(folder, 'bin/node'), 0o755);
  await copyFile(join(node, 'LICENSE'), join(folder, 'bin/LICENSE'));
  for (const app of ['gateway', 'parent']) await bundleApp(root, app, join(folder, app), npmArch);
  // infra/parent/src/settings.ts names the same path.
  if (referenceString)
    await writeFile(join(folder, 'gateway', REFERENCE_STRING_NAME), referenceString, { mode: 0o644 });
  await bundleMigrations(root, join(folder, 'migrate'));
  await bundleScript(root, 'tools/ops/operator/main.ts', join(folder, 'operator'), []);
  for (const name of ['LICENSE', 'NOTICE']) await copyFile(join(root, name), join(folder, name));
}

/** Bundles an app. The build uses koffi's native file for this machine, so the file for `npmArch` replaces it. */
async function bundleApp(root: string, app: string, folder: string, npmArch: string): Promise<void> {
  await run(process.execPath, [join(root, 'tools/dev/build/build.mjs'), app, '--outdir', folder], { cwd: root });
  const koffi = await fetchNpmPackage(
    lockedPackage(readLockfile(root), `node_modules/@koromix/koffi-linux-${npmArch}`),
    cacheFolder(),
  );
  await copyFile(join(koffi, `linux_${npmArch}`, 'koffi.node'), join(folder, 'koffi.node'));
}

/** Bundles the migration program into one file, beside Prisma's engine and the migrations. */
async function bundleMigrations(root: string, folder: string): Promise<void> {
  const engine = join(root, 'node_modules', ENGINE);
  const beside = join(folder, 'node_modules', ENGINE);
  await mkdir(beside, { recursive: true });
  for (const name of await readdir(engine))
    if (!name.endsWith('.d.ts')) await copyFile(join(engine, name), join(beside, name));
  await cp(join(root, 'prisma/migrations'), join(folder, 'migrations'), { recursive: true });
  await bundleScript(root, 'tools/ops/release/migrate.main.mjs', folder, [`${ENGINE}/*`]);
}

async function bundleScript(root: string, entry: string, folder: string, external: string[]): Promise<void> {
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: [join(root, entry)],
    outfile: join(folder, 'main.mjs'),
    tsconfig: join(root, 'tsconfig.base.json'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external,
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'error',
    // pg is CommonJS and needs `require` for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
  });
  writeLicenses(root, metafile, folder);
}

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { BuildError } from '../../image/build/build-error';
import { buildRelease } from './build-release';

const HELP = `Builds what the parent instance runs: Node, gateway, migrations and the parent's programs, as one archive.

  npm run build:release
  --arch arm64|x86_64     of the parent instance (default arm64)
  --out <folder>          default dist/release

communique-tee-<arch>.tar.gz, and release.json with its SHA-256 and its key in the store.
Exit code: 0 built, 1 not built, 2 not understood.
`;

let values;
try {
  ({ values } = parseArgs({
    options: {
      arch: { type: 'string', default: 'arm64' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  }));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  process.exit(2);
}
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const { arch } = values;
if (arch !== 'arm64' && arch !== 'x86_64') {
  process.stderr.write(`--arch takes arm64 or x86_64\n\n${HELP}`);
  process.exit(2);
}
const root = workspaceRoot();
try {
  const { file, sha256, sizeBytes, key, manifest } = await buildRelease({
    root,
    arch,
    outFolder: resolve(values.out ?? join(root, 'dist/release')),
  });
  process.stderr.write(
    `${file}: ${(sizeBytes / 1e6).toFixed(1)} MB, ${String(Object.keys(manifest.files).length)} files\n`,
  );
  process.stdout.write(`${JSON.stringify({ key, sha256 }, null, 2)}\n`);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`not built (${error.code}): ${error.message}\n`);
  process.exitCode = 1;
}

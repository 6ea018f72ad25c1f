import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { asNitroCli } from '@communique-tee/eif';
import { SetupError } from '../debian-archive/setup-error';
import { BuildError } from './build-error';
import { buildImage } from './build-image';

const HELP = `Builds the enclave's image: communique-tee.eif with measurements.json and sbom.cdx.json beside it.

  npm run build:image -- --stack <name>      with apps/enclave/config/<name>.json in it
  --configuration <file>                     another file in its place
  --arch x86_64|arm64                        of the parent instance (default x86_64)
  --out <folder>                             default dist/image/<stack>-<arch>
  --help

Needs Debian's packages and the npm registry once; everything is pinned (package-lock.json, image/image.lock.json) and kept
outside the work tree. The first build compiles the kernel: 5 to 15 minutes on two cores, later builds take under one.
Exit code: 0 built, 1 not built, 2 not understood.
`;

/** `npm run build:image`, `npm run image -- build`. @returns the exit code */
export async function runBuild(args: readonly string[]): Promise<number> {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        stack: { type: 'string' },
        configuration: { type: 'string' },
        arch: { type: 'string', default: 'x86_64' },
        out: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  const { stack, arch } = values;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if ((arch !== 'x86_64' && arch !== 'arm64') || stack === undefined || !/^[a-z0-9-]{1,32}$/.test(stack)) {
    process.stderr.write(`${stack === undefined ? 'which stack?' : 'not understood'}\n\n${HELP}`);
    return 2;
  }
  const root = workspaceRoot();
  const configurationFile = resolve(values.configuration ?? join(root, 'apps/enclave/config', `${stack}.json`));
  if (!existsSync(configurationFile)) {
    process.stderr.write(
      `not built (configuration_invalid): there is no ${relative(process.cwd(), configurationFile)}.\nCopy apps/enclave/config/example.json (or example.production.json, with keys under KMS) to it and fill in what is yours: docs/operator/production.md.\n`,
    );
    return 1;
  }
  const startedAtMs = performance.now();
  const elapsed = () => `${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6)} s`;
  try {
    const built = await buildImage({
      root,
      arch,
      configurationFile,
      outFolder: resolve(values.out ?? join(root, 'dist/image', `${stack}-${arch}`)),
      step: async (title, work) => {
        process.stderr.write(`${elapsed()}  ${title}\n`);
        return work();
      },
    });
    if (built.configuration.stack !== stack)
      process.stderr.write(`note: the configuration calls its stack ${built.configuration.stack}\n`);
    process.stderr.write(`${elapsed()}  ${built.image}: ${(built.sizeBytes / 1e6).toFixed(1)} MB\n`);
    process.stdout.write(`${JSON.stringify(asNitroCli(built.measurements), null, 2)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError || error instanceof SetupError)) throw error;
    process.stderr.write(`\nnot built (${error.code}): ${error.message}\n`);
    return 1;
  }
}

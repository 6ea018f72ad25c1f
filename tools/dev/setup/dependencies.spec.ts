import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/testing/harness';
import { build } from 'esbuild';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly resolved?: string;
}

const read = (path: string): string => readFileSync(join(workspaceRoot(), path), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Locked>> };
const agpl = Object.entries(packages).filter(([, { license }]) => license?.includes('AGPL'));
const agplNames = agpl.map(([path]) => path.replace(/^.*node_modules\//, '')).sort();

/** The entries of everything that is published or deployed, and of the programs in the development container. */
const SHIPPED = [
  'apps/enclave/src/main.ts',
  'apps/gateway/src/main.ts',
  'apps/parent/src/main.ts',
  'apps/page/src/write/main.tsx',
  'libs/client/src/index.ts',
  'tools/cli/main.ts',
  'tools/cli/one-file/main.ts',
  'tools/ops/main.ts',
  'tools/ops/operator/main.ts',
  'infra/src/main.ts',
  'apps/enclave/src/main.dev.ts',
  'test/congress/src/main.ts',
  'tools/dev/docker/development-setup.ts',
];

describe('package.json', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  it.each(Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }))(
    'pins %s to the version in the lockfile',
    (name, version) => {
      expect(packages[`node_modules/${name}`]?.version).toBe(version);
    },
  );

  it('leaves registry hosts out of the lockfile', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });
});

describe('packages under the AGPL', () => {
  it('are named in NOTICE', () => {
    expect(agplNames.length).toBeGreaterThan(0);
    expect([...new Set(read('NOTICE').match(/@cloud-copilot\/[a-z-]+/g))].sort()).toEqual(agplNames);
  });

  it('are only development dependencies', () => {
    expect(agpl.filter(([, { dev }]) => dev !== true)).toEqual([]);
  });

  it('are removed in the layer of the development container that installs the packages', () => {
    const install = read('docker/Dockerfile.development').match(/^RUN npm ci.*$/m)?.[0];
    for (const name of agplNames) expect(install).toContain(`node_modules/${name}`);
  });

  it('are imported by no program that ships', async () => {
    const { metafile } = await build({
      absWorkingDir: workspaceRoot(),
      entryPoints: SHIPPED,
      outdir: 'unused',
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      tsconfig: 'tsconfig.base.json',
      logLevel: 'error',
    });
    const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported).toContain('@nestjs/core');
    expect(imported.filter((path) => agplNames.some((name) => path.startsWith(name)))).toEqual([]);
  });
});

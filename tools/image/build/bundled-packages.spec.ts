import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundledPackages } from './bundled-packages';

describe('the packages in a bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundled-'));
  const metafile = join(folder, 'meta.json');
  afterAll(() => rmSync(folder, { recursive: true }));
  const lockfile = {
    'node_modules/zod': { version: '4.6.7', integrity: 'sha512-AA==', license: 'MIT' },
    'node_modules/a/node_modules/@scope/b': { version: '1.0.0', integrity: 'sha512-BB==' },
    'node_modules/absent-from-bundle': { version: '1.0.0', integrity: 'sha512-CC==' },
  };
  const inputs = (...names: string[]) =>
    writeFileSync(metafile, JSON.stringify({ inputs: Object.fromEntries(names.map((name) => [name, {}])) }));

  it('are the packages with a file in the bundle, each once, as the lockfile pins them', () => {
    inputs(
      'apps/enclave/src/main.ts',
      'node_modules/zod/index.js',
      'node_modules/zod/v4/core.js',
      'node_modules/a/node_modules/@scope/b/b.js',
      'koffi-native:koffi-native',
    );
    expect(bundledPackages(metafile, lockfile)).toEqual([
      { name: '@scope/b', version: '1.0.0', integrity: 'sha512-BB==', license: undefined },
      { name: 'zod', version: '4.6.7', integrity: 'sha512-AA==', license: 'MIT' },
    ]);
  });

  it('must all be pinned', () => {
    inputs('node_modules/linked-by-hand/index.js');
    expect(() => bundledPackages(metafile, lockfile)).toThrow(
      expect.objectContaining({ code: 'input_not_locked' }) as Error,
    );
  });
});

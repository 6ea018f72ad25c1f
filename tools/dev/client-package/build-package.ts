import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containedIn, licensesOf, packagesIn } from '../build/licenses.mjs';
import { bundleClient } from './bundle';
import { declarationsOf } from './declarations';
import { gzipBytes, sharesOf, type Share } from './shares';

/** package.integration.spec.ts fails at this size. */
export const MAX_GZIP_BYTES = 60_000;

const EXAMPLES = ['node.mjs', 'browser.html', 'browser.mjs', 'failures.mjs'];

export interface BuiltPackage {
  readonly folder: string;
  readonly minifiedBytes: number;
  readonly gzipBytes: number;
  readonly shares: readonly Share[];
}

/**
 * Builds `@communique-tee/client` as it is published: one module, its types in one file, README, licenses and examples. Replaces an existing folder.
 */
export async function buildClientPackage({
  root,
  folder,
}: {
  readonly root: string;
  readonly folder: string;
}): Promise<BuiltPackage> {
  const { text, metafile } = await bundleClient(root);
  const [output] = Object.values(metafile.outputs);
  const built = {
    folder,
    minifiedBytes: Buffer.byteLength(text),
    gzipBytes: gzipBytes(text),
    shares: sharesOf(metafile),
  };
  const { version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
    license: string;
  };
  const declarations = declarationsOf(root, output?.exports ?? []);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const files = {
    'index.js': text,
    'index.d.ts': declarations,
    'package.json': `${JSON.stringify(manifest(version, license), null, 2)}\n`,
    'README.md': publicReadme(await readFile(join(root, 'libs/client/README.md'), 'utf8')).replace(
      '<!-- size -->',
      `${(built.gzipBytes / 1000).toFixed(1)} KB gzip, ${(built.minifiedBytes / 1000).toFixed(0)} KB minified, nothing else to install.`,
    ),
    LICENSE: await readFile(join(root, 'LICENSE'), 'utf8'),
    'THIRD-PARTY-LICENSES.txt': licensesOf(join(root, 'node_modules'), packagesIn(containedIn(metafile))),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  for (const name of EXAMPLES) await cp(join(root, 'libs/client/examples', name), join(folder, 'examples', name));
  return built;
}

/** Removes the line about this workspace, and turns links to files outside the package into plain text. */
function publicReadme(text: string): string {
  return text.replace(/\nIn this workspace[^\n]*\n/, '').replace(/\[([^\]]*)\]\(\.\.[^)]*\)/g, '`$1`');
}

function manifest(version: string, license: string): object {
  return {
    name: '@communique-tee/client',
    version,
    description: 'Private messages to Congress through an attested enclave: attest, seal, send, verify',
    license,
    type: 'module',
    sideEffects: false,
    main: './index.js',
    types: './index.d.ts',
    exports: { '.': { types: './index.d.ts', default: './index.js' }, './package.json': './package.json' },
    engines: { node: '>=20.19' },
  };
}

// koffi searches node_modules for its native part, then the folders above its own. A bundle has neither, and an enclave must not search.
// With this plugin koffi loads only the file koffi.node beside the bundle.
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const NATIVE_FILE = 'koffi.node';

/**
 * @param {{ outdir: string, target: string, root: string }} options target: the platform, such as linux-x64, linux-arm64 or darwin-arm64
 */
export const koffiBesideBundle = ({ outdir, target, root }) => ({
  name: 'koffi-beside-bundle',
  setup(build) {
    let used = false;
    build.onStart(() => void (used = false));
    build.onResolve({ filter: /[\\/]static\.c?js$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]koffi[\\/]/.test(importer)
        ? { path: 'koffi-native', namespace: 'koffi-native' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'koffi-native' }, () => {
      used = true;
      return { contents: `module.exports = { loadStatic: () => require('./${NATIVE_FILE}') };`, loader: 'js' };
    });
    build.onResolve({ filter: new RegExp(`^\\./${NATIVE_FILE}$`), namespace: 'koffi-native' }, ({ path }) => ({
      path,
      external: true,
    }));
    build.onEnd(async ({ errors }) => {
      if (used && errors.length === 0) await copyFile(nativeOf(target, root), join(outdir, NATIVE_FILE));
    });
  },
});

function nativeOf(target, root) {
  const name = `@koromix/koffi-${target}`;
  // Node must resolve the package from koffi, because it is a dependency of koffi.
  const fromKoffi = createRequire(createRequire(join(root, 'package.json')).resolve('koffi'));
  let folder;
  try {
    folder = dirname(fromKoffi.resolve(`${name}/package.json`));
  } catch (error) {
    throw new Error(
      `the package ${name} is not installed: npm installs it on ${target} only (npm ci --os ${target.split('-')[0]} --cpu ${target.split('-')[1]})`,
      { cause: error },
    );
  }
  const file = join(folder, target.replace('-', '_'), NATIVE_FILE);
  if (!existsSync(file)) throw new Error(`${name} does not contain ${file}`);
  return file;
}

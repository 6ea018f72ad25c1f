// Packages (Nest, terminus, pg) probe for others that we did not install. A missing one stays a plain require, which throws if it runs, as
// it would without a bundle. Packages that our own code needs must be installed.
//
// Installed packages are left to esbuild: a plugin's answer does not tell whether the file's package is of type "module", and the bundle
// would then depend on the order of imports.
const ASKING = Symbol('asking');

export const optionalPeers = {
  name: 'optional-peers',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === ASKING || !/[\\/]node_modules[\\/]/.test(importer)) return undefined;
      const found = await build.resolve(path, { importer, resolveDir, kind, pluginData: ASKING });
      return found.errors.length > 0 ? { path, external: true } : undefined;
    });
  },
};

// Some packages (Nest, terminus, pg) try to load others that we did not install. The bundle keeps a plain require of a missing package,
// which throws if it runs, as it would without a bundle. Packages that our own code needs must be installed.
//
// esbuild itself resolves installed packages. A plugin's answer could not tell esbuild that a package has type "module", and the bundle would
// then depend on the order of imports.
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

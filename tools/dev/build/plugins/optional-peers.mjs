// Packages (Nest, terminus, pg) probe for others that we did not install. What one of them asks for and is not there stays a plain
// require, which throws if it is reached, as it would without a bundle. What our own code asks for must be there.
//
// What is there is left to esbuild's own way: an answer of a plugin does not say whether the file's package is of type "module", and a
// file that is asked for both ways would be bundled differently, by who came first.
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

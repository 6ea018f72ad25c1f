import { join } from 'node:path';

/** Replaces zod by browser-zod.ts: only what libs/ use, a tenth of the size, and no code that is made at run time. */
export const smallZod = (root) => ({
  name: 'small-zod',
  setup(build) {
    build.onResolve({ filter: /^zod$/ }, () => ({
      path: join(root, 'tools/dev/build/browser-zod.ts'),
      sideEffects: false,
    }));
  },
});

/** Leaves out the files of libs/ that are not used, because loading such a file has no side effects. */
export const unusedLibrariesLeft = (root) => {
  const libs = join(root, 'libs/');
  const name = 'unused-libraries-left';
  return {
    name,
    setup(build) {
      build.onResolve(
        { filter: /^(\.|@communique-tee\/)/ },
        async ({ path, pluginData, importer, resolveDir, kind }) => {
          if (pluginData === name || !(importer.startsWith(libs) || path.startsWith('@communique-tee/')))
            return undefined;
          const resolved = await build.resolve(path, { importer, resolveDir, kind, pluginData: name });
          return { ...resolved, sideEffects: false };
        },
      );
    },
  };
};

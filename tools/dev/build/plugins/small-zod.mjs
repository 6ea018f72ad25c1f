// In browsers tools/dev/build/browser-zod.ts replaces zod. It has the part that libs/ use, in a tenth of the size, and makes no code at run
// time. Loading a file of libs/ has no side effects, so unused files are left out.
import { join } from 'node:path';

export const smallZod = (root) => ({
  name: 'small-zod',
  setup(build) {
    build.onResolve({ filter: /^zod$/ }, () => ({
      path: join(root, 'tools/dev/build/browser-zod.ts'),
      sideEffects: false,
    }));
  },
});

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

// Nest injects by the types of constructor parameters (design:paramtypes), which esbuild does not emit, so swc compiles our TypeScript
// first.
import { readFile } from 'node:fs/promises';

import { transform } from '@swc/core';

export const decoratorMetadata = ({ sourceMaps }) => ({
  name: 'decorator-metadata',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      if (/[\\/]node_modules[\\/]/.test(path)) return undefined;
      const { code } = await transform(await readFile(path, 'utf8'), {
        filename: path,
        configFile: false,
        swcrc: false,
        sourceMaps: sourceMaps ? 'inline' : false,
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      });
      return { contents: code, loader: 'js' };
    });
  },
});

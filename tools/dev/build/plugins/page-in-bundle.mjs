// Puts the page (apps/page) into the gateway's bundle, so that there is only one file to copy, and the served page is from the same
// sources.
import { asBuiltFiles, buildPage } from '../page.mjs';

export const pageInBundle = ({ root }) => ({
  name: 'page-in-bundle',
  setup(build) {
    build.onLoad({ filter: /[\\/]apps[\\/]gateway[\\/]src[\\/]edge[\\/]page[\\/]built-page\.ts$/ }, async () => {
      const { files, inputs } = await buildPage(root);
      return {
        contents: `export const builtPage = ${JSON.stringify(asBuiltFiles(files))};\n`,
        loader: 'js',
        watchFiles: inputs,
      };
    });
  },
});

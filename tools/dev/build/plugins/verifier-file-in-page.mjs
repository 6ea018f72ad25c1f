// Puts the name and the hash of communique-tee.mjs into the page, but not the file: a server must not supply the program that verifies it.

/**
 * @param {string} root
 * @param {(paths: string[]) => void} onInputs called with the absolute paths of the files on which the hash depends
 * @returns {import('esbuild').Plugin}
 */
export const verifierFileInPage = (root, onInputs) => ({
  name: 'verifier-file-in-page',
  setup(build) {
    build.onLoad({ filter: /[\\/]apps[\\/]page[\\/]src[\\/]verifier-file\.ts$/ }, async () => {
      // Imported here, because a container that builds only the enclave has no tools/cli.
      const { bundleVerifier, BUILD_COMMAND } = await import('../../../cli/one-file/bundle.mjs');
      const { name, version, sha256, bytes, inputs } = await bundleVerifier(root);
      onInputs(inputs);
      const facts = { name, version, sha256, sizeBytes: bytes.length, buildCommand: BUILD_COMMAND };
      return { contents: `export const verifierFile = ${JSON.stringify(facts)};\n`, loader: 'js' };
    });
  },
});

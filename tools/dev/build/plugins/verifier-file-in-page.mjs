// The page names the auditors' file and its hash, and does not contain the file: a server must not serve its own verifier.

/**
 * @param {string} root
 * @param {(paths: string[]) => void} onInputs gets the absolute paths of what the hash depends on
 * @returns {import('esbuild').Plugin}
 */
export const verifierFileInPage = (root, onInputs) => ({
  name: 'verifier-file-in-page',
  setup(build) {
    build.onLoad({ filter: /[\\/]apps[\\/]page[\\/]src[\\/]verifier-file\.ts$/ }, async () => {
      // Imported only when a page is built: a container that builds only the enclave has no tools/cli.
      const { bundleVerifier, BUILD_COMMAND } = await import('../../../cli/one-file/bundle.mjs');
      const { name, version, sha256, bytes, inputs } = await bundleVerifier(root);
      onInputs(inputs);
      const facts = { name, version, sha256, sizeBytes: bytes.length, buildCommand: BUILD_COMMAND };
      return { contents: `export const verifierFile = ${JSON.stringify(facts)};\n`, loader: 'js' };
    });
  },
});

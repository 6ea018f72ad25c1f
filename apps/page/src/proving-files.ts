import type { ProvingFiles } from '@communique-tee/residence/prover/browser';

/**
 * Paths of the files for proving: the worker's script, two WebAssembly files and the reference string. The page's
 * build puts them here (tools/dev/build/plugins/proving-files-in-page.mjs); a page that runs from its sources, as in
 * unit tests, has none.
 *
 * The gateway serves the reference string only if its operator set RESIDENCE_REFERENCE_STRING_FILE
 * (`provesResidence` of GET /api/page).
 */
export const provingFiles: ProvingFiles | undefined = undefined;

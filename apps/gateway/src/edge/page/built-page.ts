/** A file of the page as the build made it. */
export interface BuiltFile {
  /** `index.html`, `status.html`, `verify.html`, or a name that contains a hash of the content. */
  readonly name: string;
  readonly contentType: string;
  readonly gzipBase64: string;
}

/**
 * The page of apps/page. The build (tools/dev/build/plugins/page-in-bundle.mjs) puts the files here. A gateway that runs from its sources
 * has no page, and `/` answers 404.
 */
export const builtPage: readonly BuiltFile[] = [];

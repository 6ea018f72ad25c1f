/** A file of the page as the build made it. */
export interface BuiltFile {
  /** `index.html`, `status.html`, or a name with a hash of its content in it. */
  readonly name: string;
  readonly contentType: string;
  /** Its bytes, compressed with gzip, in base64. */
  readonly gzipBase64: string;
}

/**
 * The page of apps/page. In a bundle tools/dev/build/plugins/page-in-bundle.mjs puts the built files here; a gateway
 * run from its sources has no page, and `/` is not found.
 */
export const builtPage: readonly BuiltFile[] = [];

/** A code and a text for each fault of an image, an archive or their parts. Codes are stable. The texts are not. */
const table = {
  ERR_EIF_FILE: 'the file cannot be read or written',
  ERR_EIF_SOURCE_CHANGED: 'a file changed its length while it was read',

  ERR_EIF_MAGIC: 'the file does not start with ".eif"',
  ERR_EIF_VERSION: 'the version of the format is neither 3 nor 4',
  ERR_EIF_FLAGS: 'the header has flags that are not defined',
  ERR_EIF_PCIE:
    'the header asks for a PCIe bus. How its flags enter PCR0 is not published, so this image can be described, but not measured or signed',
  ERR_EIF_RESERVED: 'a reserved field of the header is not zero',
  ERR_EIF_DEFAULTS: 'the default memory or the default number of CPUs is beyond 2^53 - 1',
  ERR_EIF_SECTION_COUNT: 'the number of sections is out of range',
  ERR_EIF_TRUNCATED: 'the file ends too early',
  ERR_EIF_TRAILING: 'there are bytes after the last section',
  ERR_EIF_OVERLAP: 'a section starts before the previous section ends',
  ERR_EIF_SECTION_TYPE: 'a section has a type that this version does not define',
  ERR_EIF_SECTION_FLAGS: 'a section has flags, and none are defined',
  ERR_EIF_SECTION_SIZE: 'header and section disagree about the size of the section',
  ERR_EIF_SIGNATURE_STALE_SIZE:
    "the header has the size of an earlier signature, which AWS's tools leave when they sign an image a second time (aws-nitro-enclaves-image-format, issue 54). To correct it, sign the image again: npm run image -- sign <file> --output <file> --key <pem> --certificate <pem>",
  ERR_EIF_SECTION_EMPTY: 'a section is empty that must have content',
  ERR_EIF_SECTION_TOO_LARGE: 'a section is larger than allowed',
  ERR_EIF_SECTION_ORDER: 'the sections do not start with kernel and command line',
  ERR_EIF_SECTION_DUPLICATE: 'a section occurs twice that may occur only once',
  ERR_EIF_SECTION_MISSING: 'a section is missing',
  ERR_EIF_CRC: 'the checksum is wrong',

  ERR_EIF_CMDLINE: 'the kernel command line is not usable',
  ERR_EIF_METADATA: 'the metadata does not follow its JSON schema',

  ERR_EIF_SIGNATURE_FORMAT: 'the signature section does not have the required form',
  ERR_EIF_SIGNATURE_ALGORITHM:
    "the signature's algorithm is not ES256, ES384 or ES512, or does not belong to the certificate's key",
  ERR_EIF_SIGNATURE_CERTIFICATE:
    'the signing certificate is not one PEM certificate with a key on P-256, P-384 or P-521',
  ERR_EIF_SIGNATURE_REGISTER: 'the signature does not cover the PCR0 of this image',
  ERR_EIF_SIGNATURE: 'the signature is wrong',
  ERR_EIF_NOT_SIGNED: 'the image is not signed',
  ERR_EIF_SIGNER: 'the image was signed with another certificate',
  ERR_EIF_CERTIFICATE_NOT_YET_VALID: 'the signing certificate is not valid yet',
  ERR_EIF_CERTIFICATE_EXPIRED: 'the signing certificate has expired',
  ERR_EIF_SIGNING_KEY:
    'the signing key is not an unencrypted PEM key on P-256, P-384 or P-521 that belongs to the certificate',

  ERR_CPIO_ENTRY: 'an entry cannot be put into an archive',
  ERR_CPIO_PARENT: 'the folder of an entry is not in the archive',
  ERR_CPIO_DUPLICATE: 'a name occurs twice',
  ERR_CPIO_FORMAT: 'this is not a newc archive',
  ERR_CPIO_NAME: 'a name is not a relative path that stays inside the root',
  ERR_CPIO_TRUNCATED: 'the archive ends too early',
  ERR_CPIO_TRAILING: 'there are bytes after the end of the archive',
  ERR_CPIO_TOO_LARGE: 'the archive exceeds a limit for reading',
  ERR_CPIO_GZIP: 'the compressed data is damaged',
} as const satisfies Record<string, string>;

export type EifErrorCode = keyof typeof table;
export const eifErrorCodes = Object.keys(table) as EifErrorCode[];

/** The error that every function of this library throws. `code` is stable. The message is for people. */
export class EifError extends Error {
  override readonly name = 'EifError';
  readonly code: EifErrorCode;

  constructor(code: EifErrorCode, detail?: string, cause?: unknown) {
    super(
      detail === undefined ? table[code] : `${table[code]}: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
  }
}

/** Every fault of an image, an archive or their parts. Codes are stable; the texts are not. */
const table = {
  ERR_EIF_FILE: 'the file cannot be read or written',
  ERR_EIF_SOURCE_CHANGED: 'a file changed its length while it was read',

  ERR_EIF_MAGIC: 'the file does not start with ".eif"',
  ERR_EIF_VERSION: 'this version of the format is not read here (3 and 4 are)',
  ERR_EIF_FLAGS: 'the header has flags that are not defined',
  ERR_EIF_PCIE:
    'the header asks for a PCIe bus, and how its flags count into PCR0 is not published: this image can be described, not measured or signed',
  ERR_EIF_RESERVED: 'a reserved field of the header is not zero',
  ERR_EIF_DEFAULTS: 'the default memory or the default number of CPUs is beyond 2^53 - 1',
  ERR_EIF_SECTION_COUNT: 'the number of sections is not possible',
  ERR_EIF_TRUNCATED: 'the file ends too early',
  ERR_EIF_TRAILING: 'there are bytes after the last section',
  ERR_EIF_OVERLAP: 'a section starts before the one before it ends',
  ERR_EIF_SECTION_TYPE: 'a section has a type that this version does not define',
  ERR_EIF_SECTION_FLAGS: 'a section has flags, and none are defined',
  ERR_EIF_SECTION_SIZE: 'header and section disagree about the size of the section',
  ERR_EIF_SIGNATURE_STALE_SIZE:
    "the header holds the size of an earlier signature, which AWS's tools leave behind when they sign an image a second time (aws-nitro-enclaves-image-format, issue 54). To mend it sign it here: npm run image -- sign <file> --output <file> --key <pem> --certificate <pem>",
  ERR_EIF_SECTION_EMPTY: 'a section is empty that cannot be',
  ERR_EIF_SECTION_TOO_LARGE: 'a section is larger than it can be',
  ERR_EIF_SECTION_ORDER: 'the sections do not start with kernel and command line',
  ERR_EIF_SECTION_DUPLICATE: 'a section is there twice that can be there once',
  ERR_EIF_SECTION_MISSING: 'a section is missing',
  ERR_EIF_CRC: 'the checksum is wrong',

  ERR_EIF_CMDLINE: 'the kernel command line is not usable',
  ERR_EIF_METADATA: 'the metadata is not the JSON that it has to be',

  ERR_EIF_SIGNATURE_FORMAT: 'the signature section is not formed as it has to be',
  ERR_EIF_SIGNATURE_ALGORITHM:
    "the signature's algorithm is not ES256, ES384 or ES512, or not that of the certificate's key",
  ERR_EIF_SIGNATURE_CERTIFICATE:
    'the signing certificate is not one PEM certificate with a key on P-256, P-384 or P-521',
  ERR_EIF_SIGNATURE_REGISTER: 'the signature is not over the PCR0 of this image',
  ERR_EIF_SIGNATURE: 'the signature is wrong',
  ERR_EIF_NOT_SIGNED: 'the image is not signed',
  ERR_EIF_SIGNER: 'the image was signed with another certificate',
  ERR_EIF_CERTIFICATE_NOT_YET_VALID: 'the signing certificate is not valid yet',
  ERR_EIF_CERTIFICATE_EXPIRED: 'the signing certificate has expired',
  ERR_EIF_SIGNING_KEY:
    'the signing key is not an unencrypted key on P-256, P-384 or P-521 in PEM that fits the certificate',

  ERR_CPIO_ENTRY: 'an entry cannot be put into an archive',
  ERR_CPIO_PARENT: 'the folder of an entry is not in the archive',
  ERR_CPIO_DUPLICATE: 'a name is there twice',
  ERR_CPIO_FORMAT: 'this is not a newc archive',
  ERR_CPIO_NAME: 'a name is not a relative path that stays inside',
  ERR_CPIO_TRUNCATED: 'the archive ends too early',
  ERR_CPIO_TRAILING: 'there are bytes after the end of the archive',
  ERR_CPIO_TOO_LARGE: 'the archive is larger than is read here',
  ERR_CPIO_GZIP: 'the compressed data is damaged',
} as const satisfies Record<string, string>;

export type EifErrorCode = keyof typeof table;
export const eifErrorCodes = Object.keys(table) as EifErrorCode[];

/** The error that every function of this library throws. `code` is stable; the message is for people. */
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

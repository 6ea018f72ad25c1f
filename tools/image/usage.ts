export const USAGE = `Enclave image files (.eif): made, looked at, measured, signed, compared. Neither nitro-cli nor Docker is needed.

  npm run image -- <command>

  build --stack <name>       the enclave's image, out of this checkout (build --help)

  describe <file>            what is in an image: header, sections, metadata, measurements, signature
    --files                  the files in its ramdisks, too
    --signer <pem>           refused unless it was signed with this certificate, and that is valid now

  measure <file>             PCR0, PCR1, PCR2, and PCR8 of a signed image

  pack -o <file>             makes an image of parts that are there
    --kernel <file>          a bzImage (x86_64) or an uncompressed Image (arm64)
    --cmdline <text>         the kernel's command line
    --ramdisk <file>         a cpio archive, compressed or not; once for each: the first is in PCR1, the others in PCR2
    --arch <arch>            x86_64 (the default) or arm64
    --name, --version <text> for the metadata; default "enclave" and "0"
    --build-time <text>      for the metadata; default 1970-01-01T00:00:00Z, so that two builds are the same
    --kernel-version <text>  for the metadata; default "unknown"
    --metadata <json>        custom metadata, at most 4096 bytes
    --memory <MiB>           default memory, written into the header; nothing reads it
    --cpus <number>          default number of CPUs, the same
    --key, --certificate <pem>  signs it, too

  sign <file> -o <file>      signs the PCR0 of an image, or signs it anew; the two files may be one
    --key <pem>              P-384, not encrypted
    --certificate <pem>      for that key; it goes into the image, and into PCR8

  diff <a> <b>               where two images begin to differ, in which sections, and in which files of their ramdisks

  --json                     prints one JSON object; of measure, pack and sign it is the one that nitro-cli prints
  --help                     this

Metadata and the architecture are neither measured nor signed: nothing that matters may rest on them.

Exit status
  0  done; of diff: they are the same
  1  refused: the image, or what it should be made or signed with, and the code says why; of diff: they differ
  2  not understood, or a file could not be read or written; of diff: also where an image is refused
`;

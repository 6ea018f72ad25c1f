import { createHash, type Hash } from 'node:crypto';
import type { SectionType } from './sections';

/** PCRs as 96 lowercase hexadecimal digits each (SHA-384). Each comment names the measured parts. */
export interface Measurements {
  /** kernel, command line, all ramdisks */
  readonly pcr0: string;
  /** kernel, command line, first ramdisk */
  readonly pcr1: string;
  /** the other ramdisks */
  readonly pcr2: string;
  /** The signing certificate. Absent unless the image is signed. */
  readonly pcr8?: string;
}

/**
 * Measures the sections of an image in the order of the file: PCR = SHA384(48 zero bytes || SHA384(data))
 * (aws-nitro-enclaves-image-format, README "EIF Measurements"; src/defs/eif_hasher.rs, tpm_extend_finalize_reset).
 * Metadata, signature and all headers are left out.
 */
export class Measurer {
  /** For PCR0. */
  readonly #image = createHash('sha384');
  /** For PCR2. */
  readonly #application = createHash('sha384');
  /** For PCR1: the state of `#image` before the second ramdisk. PCR0 and PCR1 begin with the same bytes. */
  #bootstrap: Hash | undefined;
  #ramdisks = 0;
  #section: SectionType | undefined;

  begin(section: SectionType): void {
    this.#section = section;
    if (section !== 'ramdisk') return;
    this.#ramdisks++;
    if (this.#ramdisks === 2) this.#bootstrap = this.#image.copy();
  }

  update(chunk: Uint8Array): void {
    if (this.#section === 'metadata' || this.#section === 'signature') return;
    this.#image.update(chunk);
    if (this.#ramdisks > 1) this.#application.update(chunk);
  }

  finish(): Measurements {
    const bootstrap = this.#bootstrap ?? this.#image.copy();
    return {
      pcr0: extend(this.#image.digest()),
      pcr1: extend(bootstrap.digest()),
      pcr2: extend(this.#application.digest()),
    };
  }
}

/** Returns PCR8. @param certificateDer the DER of the PEM in the signature section */
export function measureCertificate(certificateDer: Uint8Array): string {
  return extend(createHash('sha384').update(certificateDer).digest());
}

function extend(digest: Uint8Array): string {
  return createHash('sha384').update(new Uint8Array(48)).update(digest).digest('hex');
}

/** The measurements in the form that `nitro-cli build-enclave` prints after its progress lines. */
export interface NitroCliMeasurements {
  readonly Measurements: {
    readonly HashAlgorithm: string;
    readonly PCR0: string;
    readonly PCR1: string;
    readonly PCR2: string;
    readonly PCR8?: string;
  };
}

/**
 * Returns the measurements in the form of nitro-cli (EnclaveBuildInfo in its common/json_output.rs; get_pcrs in
 * aws-nitro-enclaves-image-format, src/utils/mod.rs). Rust prints its hasher as "Sha384 { ... }".
 */
export function asNitroCli({ pcr0, pcr1, pcr2, pcr8 }: Measurements): NitroCliMeasurements {
  return {
    Measurements: {
      HashAlgorithm: 'Sha384 { ... }',
      PCR0: pcr0,
      PCR1: pcr1,
      PCR2: pcr2,
      ...(pcr8 !== undefined && { PCR8: pcr8 }),
    },
  };
}

import type { Measurements } from './measurer';

/** What `nitro-cli build-enclave` prints after its progress lines. */
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
 * The measurements in the shape of nitro-cli (EnclaveBuildInfo in its common/json_output.rs; get_pcrs in
 * aws-nitro-enclaves-image-format, src/utils/mod.rs). "Sha384 { ... }" is how Rust prints its hasher.
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

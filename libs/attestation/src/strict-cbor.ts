import { decode } from 'cborg';
import { AttestationError } from './errors';
import { scanCbor } from './scan-cbor';

export type CborValue =
  number | bigint | string | boolean | null | undefined | Uint8Array | CborValue[] | Map<CborValue, CborValue>;

/**
 * Strict CBOR: shortest forms only, no duplicate keys, maps as Map, and everything that {@link scanCbor} refuses.
 * Byte strings are copies.
 *
 * @throws AttestationError with a code ERR_ATTESTATION_CBOR*
 */
export function decodeStrictCbor(bytes: Uint8Array, options: { indefiniteOuterMap: boolean }): CborValue {
  scanCbor(bytes, options);
  try {
    return decode(bytes, {
      strict: true,
      useMaps: true,
      rejectDuplicateMapKeys: true,
      allowIndefinite: options.indefiniteOuterMap,
      allowUndefined: false,
      allowNaN: false,
      allowInfinity: false,
    }) as CborValue;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : '';
    // cborg has no codes; the pinned version's words are covered by a test.
    throw new AttestationError(
      message.includes('repeat map key') ? 'ERR_ATTESTATION_CBOR_DUPLICATE_KEY' : 'ERR_ATTESTATION_CBOR',
      undefined,
      cause,
    );
  }
}

// Constants of the reference string, whose points come from Aztec's Ignition ceremony for BN254.
import { fromHex } from '@communique-tee/protocol';

/** The number of first-group points that proving loads. Each point has 64 bytes: x and y, big-endian. */
export const REFERENCE_STRING_POINTS = 4097;
export const REFERENCE_STRING_BYTES = REFERENCE_STRING_POINTS * 64;
/** SHA-256 of the 262,208 bytes. */
export const REFERENCE_STRING_SHA256 = 'b177b63297a5644d4849b98a01b56121a5fe0eb4fb5f30bb12a026497e8471f6';

/** The name of the file in the gateway's `/page/`. */
export const REFERENCE_STRING_NAME = `reference-string-${REFERENCE_STRING_SHA256.slice(0, 12)}.dat`;

/** The generator (1, 2), the first point of every reference string. Verification needs no other point of the first group. */
export const FIRST_POINT = fromHex(`${'1'.padStart(64, '0')}${'2'.padStart(64, '0')}`);

/** The ceremony's point of the second group, 128 bytes. */
export const SECOND_GROUP_POINT = fromHex(
  '0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0' +
    '260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1' +
    '22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55' +
    '04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4',
);

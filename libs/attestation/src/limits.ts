/**
 * Bounds that hold before anything is allocated.
 * AWS gives the payload as `bstr .size (1..16384)` (attestation_process.md, section 3.1). Around it stand at most a tag (1),
 * an array head (1), the protected header (5), the unprotected one (1), two string heads (6) and the signature (96): 110
 * bytes, rounded up. Real documents have 4.4 to 4.8 KB.
 */
export const maxPayloadBytes = 16_384;
export const maxDocumentBytes = maxPayloadBytes + 128;
/** Nine fields with their names, 32 PCRs with their indexes and a bundle of certificates are under 100 items. */
export const maxCborItems = 128;
/** The payload is a map (1) with a map of PCRs or an array of certificates (2) of plain values (3). */
export const maxCborDepth = 3;

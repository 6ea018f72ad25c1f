/** The one seam to the hardware: bytes of CBOR in, bytes of CBOR out. */
export interface NsmTransport {
  /**
   * @param bytes one request, at most 4096 bytes
   * @returns the response, at most 12,288 bytes, as a copy
   */
  request(bytes: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Limits of the driver (aws-nitro-enclaves-nsm-api, src/driver/mod.rs). */
export const maxRequestBytes = 0x1000;
export const maxResponseBytes = 0x3000;

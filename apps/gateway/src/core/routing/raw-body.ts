/** A body as it arrived, within its size limit, not yet looked into: that waits until the caller is known. */
export class RawBody {
  constructor(
    readonly mediaType: 'application/json' | 'application/cbor',
    readonly bytes: Uint8Array,
  ) {}
}

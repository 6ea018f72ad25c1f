/** A body as it arrived, within its size limit. The handler parses it, after the entrance has admitted the request. */
export class RawBody {
  constructor(
    readonly mediaType: 'application/json' | 'application/cbor',
    readonly bytes: Uint8Array,
  ) {}
}

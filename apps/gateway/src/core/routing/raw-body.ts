/** A body as it arrived, within its size limit. It is parsed only once the caller is known. */
export class RawBody {
  constructor(
    readonly mediaType: 'application/json' | 'application/cbor',
    readonly bytes: Uint8Array,
  ) {}
}

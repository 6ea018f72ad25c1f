/** The unparsed body of an admitted request, within its size limit. The handler parses it. */
export class RawBody {
  constructor(
    readonly mediaType: 'application/json' | 'application/cbor',
    readonly bytes: Uint8Array,
  ) {}
}

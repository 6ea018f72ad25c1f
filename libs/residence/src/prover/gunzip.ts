/** Decompresses bytes that this project made. Use it for no other bytes, because it does not limit the decompressed size. */
export async function gunzip(compressed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(compressed)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

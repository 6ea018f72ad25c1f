/** Usual messages with a page of text fit; longer ones take the next power of two. */
const SMALLEST_BYTES = 4096;

/**
 * A document as it is sent: UTF-8, with line feeds after its end (XML 1.0, section 2.8: white space may follow the root) up to
 * the next power of two from 4 KiB. The parent carries the TLS records and sees their lengths; the exact one would tell which of
 * a campaign's texts this is, however well the sealed message was padded.
 */
export function paddedDocument(xml: string): Uint8Array {
  const document = new TextEncoder().encode(xml);
  let length = SMALLEST_BYTES;
  while (length < document.length) length *= 2;
  const padded = new Uint8Array(length).fill(0x0a, document.length);
  padded.set(document);
  return padded;
}

import { DerReader, sameBytes, tags } from './der';

const commonName = Uint8Array.of(0x55, 0x04, 0x03);
const utf8 = new TextDecoder();

/** The last common name of a Name (RFC 5280, section 4.1.2.4), for people to read; empty where there is none. */
export function readCommonName(name: Uint8Array): string {
  let found = '';
  const names = new DerReader(new DerReader(name).read(tags.sequence, 'a name').content);
  while (!names.done) {
    const set = new DerReader(names.read(tags.set, 'a part of a name').content);
    while (!set.done) {
      const pair = new DerReader(set.read(tags.sequence, 'a part of a name').content);
      const type = pair.read(tags.objectIdentifier, 'the type of a name').content;
      if (sameBytes(type, commonName)) found = utf8.decode(pair.read(pair.peek(), 'a name').content);
    }
  }
  return found;
}

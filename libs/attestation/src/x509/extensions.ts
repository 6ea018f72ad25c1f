import { AttestationError } from '../errors';
import { toHex } from '../hex';
import { DerReader, malformed, tags } from './der';

export interface Extensions {
  /** basicConstraints (RFC 5280, section 4.2.1.9); absent means no CA */
  isCa: boolean;
  basicConstraintsCritical: boolean;
  /** how many CA certificates may be below this one in the chain; absent means any number */
  pathLength?: number;
  /** keyUsage (section 4.2.1.3). A certificate without it may sign nothing here. */
  maySignDocuments: boolean;
  maySignCertificates: boolean;
}

const basicConstraints = '551d13';
const keyUsage = '551d0f';

/** Reads `[3] SEQUENCE OF Extension`. Refuses repeated extensions, and critical ones that it does not know. */
export function readExtensions(content: Uint8Array | undefined): Extensions {
  const out: Extensions = {
    isCa: false,
    basicConstraintsCritical: false,
    maySignDocuments: false,
    maySignCertificates: false,
  };
  if (content === undefined) return out;
  const outer = new DerReader(content);
  const list = new DerReader(outer.read(tags.sequence, 'the extensions').content);
  outer.end('the extensions');
  const seen = new Set<string>();
  while (!list.done) {
    const extension = new DerReader(list.read(tags.sequence, 'an extension').content);
    const id = toHex(extension.read(tags.objectIdentifier, 'the name of an extension').content);
    const critical = readDefaultFalse(extension);
    const value = extension.read(tags.octetString, 'the value of an extension').content;
    extension.end('an extension');
    if (seen.has(id)) throw malformed('an extension appears twice');
    seen.add(id);
    if (id === basicConstraints) {
      out.basicConstraintsCritical = critical;
      readBasicConstraints(value, out);
    } else if (id === keyUsage) {
      readKeyUsage(value, out);
    } else if (critical) {
      throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_EXTENSION', `object identifier ${id} (hex)`);
    }
  }
  return out;
}

/** Reads a BOOLEAN DEFAULT FALSE: DER contains it only if it is TRUE, and TRUE is ff. */
function readDefaultFalse(reader: DerReader): boolean {
  if (reader.peek() !== tags.boolean) return false;
  const { content } = reader.read(tags.boolean, 'a flag');
  if (content.length !== 1 || content[0] !== 0xff) throw malformed('a flag that is not DER');
  return true;
}

function readBasicConstraints(value: Uint8Array, out: Extensions): void {
  const outer = new DerReader(value);
  const sequence = new DerReader(outer.read(tags.sequence, 'basicConstraints').content);
  outer.end('basicConstraints');
  out.isCa = readDefaultFalse(sequence);
  if (sequence.peek() === tags.integer) {
    const { content } = sequence.read(tags.integer, 'the path length');
    const length = content[0];
    if (!out.isCa || length === undefined || content.length !== 1 || length > 0x7f) throw malformed('the path length');
    out.pathLength = length;
  }
  sequence.end('basicConstraints');
}

/** Reads a BIT STRING whose first bit is the highest: digitalSignature is bit 0, keyCertSign is bit 5. */
function readKeyUsage(value: Uint8Array, out: Extensions): void {
  const outer = new DerReader(value);
  const { content } = outer.read(tags.bitString, 'keyUsage');
  outer.end('keyUsage');
  const unused = content[0];
  if (unused === undefined || unused > 7 || content.length < 2 || content.length > 3) throw malformed('keyUsage');
  const bits = content[1] ?? 0;
  if (((content[content.length - 1] ?? 0) & ((1 << unused) - 1)) !== 0)
    throw malformed('an unused bit of keyUsage is set');
  out.maySignDocuments = (bits & 0x80) !== 0;
  out.maySignCertificates = (bits & 0x04) !== 0;
}

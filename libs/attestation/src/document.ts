import { decodeStrictCbor, type CborValue } from './cbor';
import { AttestationError } from './errors';

/** The parsed payload of an attestation document. No signature is checked yet. */
export interface AttestationDocument {
  moduleId: string;
  digest: string;
  timestampMs: number;
  /** By index, 0 to 31. Each has 32, 48 or 64 bytes. */
  pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER of the certificate that signed the document */
  certificate: Uint8Array;
  /** The certificates above it, in DER, root first */
  cabundle: readonly Uint8Array[];
  /** at most 1024 bytes */
  publicKey?: Uint8Array;
  /** at most 4096 bytes */
  userData?: Uint8Array;
  /** at most 4096 bytes */
  nonce?: Uint8Array;
  /** Names of fields that this library does not know. Their values are never read. */
  unknownFields: readonly string[];
}

const fields = new Set([
  'module_id',
  'digest',
  'timestamp',
  'pcrs',
  'certificate',
  'cabundle',
  'public_key',
  'user_data',
  'nonce',
]);
/**
 * The limit of user_data and nonce. AWS's attestation_process.md states 512 bytes in one place and 1,024 in another, but genuine documents
 * exceed both. The true limit is the size of a request to the NSM (include/uapi/linux/nsm.h: NSM_REQUEST_MAX_SIZE).
 */
export const maxSignedDataBytes = 4096;
/** AWS sets no upper limit. Real bundles have four certificates. Each entry costs a signature check, so the length is bounded. */
export const maxBundleCertificates = 8;

/**
 * Reads the payload by AWS's attestation_process.md, sections 2.2 and 3.2.2. The NSM writes null for an absent optional field. A null in a
 * required field counts as missing. A field with an unknown name is listed and ignored, because otherwise a new field from AWS would stop
 * every client at once.
 * @throws AttestationError
 */
export function parseDocument(payload: Uint8Array): AttestationDocument {
  const map = decodeStrictCbor(payload, { indefiniteOuterMap: true });
  if (!(map instanceof Map)) throw new AttestationError('ERR_ATTESTATION_FIELD_TYPE', 'the payload is no map');
  const unknownFields: string[] = [];
  for (const key of map.keys()) {
    if (typeof key !== 'string') throw new AttestationError('ERR_ATTESTATION_FIELD_UNKNOWN');
    if (!fields.has(key)) unknownFields.push(key);
  }
  if (!map.has('pcrs') && map.has('nitrotpm_pcrs'))
    throw new AttestationError(
      'ERR_ATTESTATION_FIELD_MISSING',
      'pcrs: this is a NitroTPM document of an EC2 instance, not of an enclave',
    );
  const moduleId = mandatory(map, 'module_id');
  if (typeof moduleId !== 'string') throw wrongType('module_id');
  if (moduleId.length === 0) throw new AttestationError('ERR_ATTESTATION_FIELD_LENGTH', 'module_id is empty');
  const digest = mandatory(map, 'digest');
  if (typeof digest !== 'string') throw wrongType('digest');

  const publicKey = optionalBytes(map, 'public_key', 0, 1024);
  const userData = optionalBytes(map, 'user_data', 0, maxSignedDataBytes);
  const nonce = optionalBytes(map, 'nonce', 0, maxSignedDataBytes);
  return {
    moduleId,
    digest,
    timestampMs: timestamp(mandatory(map, 'timestamp')),
    pcrs: pcrs(mandatory(map, 'pcrs')),
    certificate: bytes(mandatory(map, 'certificate'), 'certificate', 1, 1024),
    cabundle: cabundle(mandatory(map, 'cabundle')),
    ...(publicKey && { publicKey }),
    ...(userData && { userData }),
    ...(nonce && { nonce }),
    unknownFields,
  };
}

type Fields = Map<CborValue, CborValue>;

function mandatory(map: Fields, name: string): CborValue {
  const value = map.get(name);
  if (value === undefined || value === null) throw new AttestationError('ERR_ATTESTATION_FIELD_MISSING', name);
  return value;
}

function optionalBytes(map: Fields, name: string, least: number, most: number): Uint8Array | undefined {
  const value = map.get(name);
  return value === undefined || value === null ? undefined : bytes(value, name, least, most);
}

function bytes(value: CborValue, name: string, least: number, most: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongType(name);
  if (value.length < least || value.length > most) {
    throw new AttestationError(
      'ERR_ATTESTATION_FIELD_LENGTH',
      `${name} has ${value.length} bytes, ${least} to ${most} allowed`,
    );
  }
  return value;
}

/** `uint .size 8`, more than 0. A bigint is above 2^53, which no Date can represent. */
function timestamp(value: CborValue): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrongType('timestamp');
  if (typeof value === 'bigint' || value <= 0) throw new AttestationError('ERR_ATTESTATION_TIMESTAMP', String(value));
  return value;
}

function pcrs(value: CborValue): Map<number, Uint8Array> {
  if (!(value instanceof Map)) throw wrongType('pcrs');
  if (value.size < 1 || value.size > 32) throw new AttestationError('ERR_ATTESTATION_PCR_COUNT', String(value.size));
  const out = new Map<number, Uint8Array>();
  for (const [index, pcr] of value) {
    if (typeof index !== 'number' || index < 0 || index > 31) throw new AttestationError('ERR_ATTESTATION_PCR_INDEX');
    if (!(pcr instanceof Uint8Array)) throw wrongType(`PCR${index}`);
    if (pcr.length !== 32 && pcr.length !== 48 && pcr.length !== 64)
      throw new AttestationError('ERR_ATTESTATION_PCR_LENGTH', `PCR${index} has ${pcr.length} bytes`);
    out.set(index, pcr);
  }
  return out;
}

function cabundle(value: CborValue): Uint8Array[] {
  if (!Array.isArray(value)) throw wrongType('cabundle');
  if (value.length < 1 || value.length > maxBundleCertificates) {
    throw new AttestationError(
      'ERR_ATTESTATION_CABUNDLE_LENGTH',
      `${value.length} certificates, 1 to ${maxBundleCertificates} allowed`,
    );
  }
  return value.map((entry, i) => bytes(entry, `cabundle[${i}]`, 1, 1024));
}

function wrongType(name: string): AttestationError {
  return new AttestationError('ERR_ATTESTATION_FIELD_TYPE', name);
}

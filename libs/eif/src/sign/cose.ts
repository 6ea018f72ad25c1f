import { EifError } from '../errors';
import { byteString, CborReader, head, major, numbers, text } from './cbor';

/*
 * COSE_Sign1 (RFC 9052, section 4.2), untagged, as aws-nitro-enclaves-cose writes it with `as_bytes(false)`; the payload is
 * {register_index, register_value}. libs/attestation reads the same envelope with the bounds of attestation documents, which
 * the arrays of numbers in here do not fit.
 */

/** {1: -35}: ES384 (RFC 9053, section 2.1). */
const es384Header = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);

/** @param pcr0 48 bytes */
export function registerPayload(pcr0: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...head(major.map, 2),
    ...text('register_index'),
    0,
    ...text('register_value'),
    ...numbers(pcr0),
  ]);
}

/** Sig_structure (RFC 9052, section 4.4): ["Signature1", protected, external_aad = h'', payload]. */
export function signedBytes(payload: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...head(major.array, 4),
    ...text('Signature1'),
    ...byteString(es384Header),
    0x40,
    ...byteString(payload),
  ]);
}

/** @param signature r || s, 96 bytes */
export function encodeSign1(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...head(major.array, 4),
    ...byteString(es384Header),
    ...head(major.map, 0),
    ...byteString(payload),
    ...byteString(signature),
  ]);
}

export interface SignedRegister {
  /** The bytes as received: they are what is signed. */
  readonly payload: Uint8Array;
  /** 48 bytes */
  readonly pcr0: Uint8Array;
  /** r || s, 96 bytes */
  readonly signature: Uint8Array;
}

/** @throws EifError ERR_EIF_SIGNATURE_FORMAT, _ALGORITHM, _REGISTER (another register than 0) */
export function decodeSign1(bytes: Uint8Array): SignedRegister {
  const envelope = new CborReader(bytes);
  envelope.exactly(major.array, 4);
  const header = envelope.byteString();
  envelope.exactly(major.map, 0);
  const payload = envelope.byteString();
  const signature = envelope.byteString();
  envelope.end();
  if (header.length !== es384Header.length || es384Header.some((byte, i) => header[i] !== byte))
    throw new EifError('ERR_EIF_SIGNATURE_ALGORITHM');
  if (signature.length !== 96) throw new EifError('ERR_EIF_SIGNATURE_FORMAT', 'the signature is not 96 bytes');

  const register = new CborReader(payload);
  register.exactly(major.map, 2);
  register.text('register_index');
  const index = register.head(major.unsigned);
  if (index !== 0) throw new EifError('ERR_EIF_SIGNATURE_REGISTER', `register ${index}`);
  register.text('register_value');
  const pcr0 = register.numbers();
  register.end();
  if (pcr0.length !== 48) throw new EifError('ERR_EIF_SIGNATURE_FORMAT', 'the register is not 48 bytes');
  return { payload, pcr0, signature };
}

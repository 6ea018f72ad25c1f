import { EifError } from '../errors';
import { type Algorithm, algorithmOfHeader } from './algorithm';
import { byteString, CborReader, head, major, numbers, text } from './cbor';

/*
 * COSE_Sign1 (RFC 9052, section 4.2), untagged, as aws-nitro-enclaves-cose writes it with `as_bytes(false)`. The payload is
 * {register_index, register_value}. libs/attestation cannot read it: its limits for attestation documents are too small for the arrays
 * of numbers in this payload.
 */

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

/** Returns the Sig_structure (RFC 9052, section 4.4): ["Signature1", protected, external_aad = h'', payload]. */
export function signedBytes({ header }: Algorithm, payload: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...head(major.array, 4),
    ...text('Signature1'),
    ...byteString(header),
    0x40,
    ...byteString(payload),
  ]);
}

/** @param signature r || s, of the algorithm's length */
export function encodeSign1({ header }: Algorithm, payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return Uint8Array.from([
    ...head(major.array, 4),
    ...byteString(header),
    ...head(major.map, 0),
    ...byteString(payload),
    ...byteString(signature),
  ]);
}

export interface SignedRegister {
  /** The received bytes, because the signature covers exactly these. */
  readonly payload: Uint8Array;
  /** 48 bytes */
  readonly pcr0: Uint8Array;
  readonly algorithm: Algorithm;
  /** r || s, of the algorithm's length */
  readonly signature: Uint8Array;
}

/**
 * Reads an envelope. The caller knows the key, so the caller checks the length of the signature.
 *
 * @throws EifError ERR_EIF_SIGNATURE_FORMAT, _ALGORITHM, _REGISTER (another register than 0)
 */
export function decodeSign1(bytes: Uint8Array): SignedRegister {
  const envelope = new CborReader(bytes);
  envelope.exactly(major.array, 4);
  const header = envelope.byteString();
  envelope.exactly(major.map, 0);
  const payload = envelope.byteString();
  const signature = envelope.byteString();
  envelope.end();
  const algorithm = algorithmOfHeader(header);
  if (algorithm === undefined) throw new EifError('ERR_EIF_SIGNATURE_ALGORITHM');

  const register = new CborReader(payload);
  register.exactly(major.map, 2);
  register.text('register_index');
  const index = register.head(major.unsigned);
  if (index !== 0) throw new EifError('ERR_EIF_SIGNATURE_REGISTER', `register ${index}`);
  register.text('register_value');
  const pcr0 = register.numbers();
  register.end();
  if (pcr0.length !== 48) throw new EifError('ERR_EIF_SIGNATURE_FORMAT', 'the register is not 48 bytes');
  return { payload, pcr0, algorithm, signature };
}

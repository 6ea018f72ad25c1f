import { decodeStrictCbor, maxDocumentBytes, maxPayloadBytes } from './cbor';
import { AttestationError } from './errors';

/** COSE_Sign1 (RFC 9052, section 4.2). Its parts are the received bytes. */
export interface CoseSign1 {
  protectedHeader: Uint8Array;
  unprotectedHeaderSize: number;
  payload: Uint8Array;
  /** r || s, 96 bytes */
  signature: Uint8Array;
}

const tag18 = 0xd2;

/** Reads the envelope, tagged with 18 or not. Checks neither the signature nor the headers. */
export function parseCoseSign1(document: Uint8Array): CoseSign1 {
  if (document.length > maxDocumentBytes)
    throw new AttestationError('ERR_ATTESTATION_TOO_LARGE', `${document.length} bytes, ${maxDocumentBytes} allowed`);
  const body = document[0] === tag18 ? document.subarray(1) : document;
  const items = decodeStrictCbor(body, { indefiniteOuterMap: false });
  if (!Array.isArray(items) || items.length !== 4)
    throw new AttestationError('ERR_ATTESTATION_COSE', 'not an array of four');
  const [protectedHeader, unprotectedHeader, payload, signature] = items;
  if (!(protectedHeader instanceof Uint8Array))
    throw new AttestationError('ERR_ATTESTATION_COSE', 'the protected header is no byte string');
  if (!(unprotectedHeader instanceof Map))
    throw new AttestationError('ERR_ATTESTATION_COSE', 'the unprotected header is no map');
  if (!(payload instanceof Uint8Array) || payload.length === 0)
    throw new AttestationError('ERR_ATTESTATION_COSE', 'no payload inside');
  if (payload.length > maxPayloadBytes)
    throw new AttestationError(
      'ERR_ATTESTATION_TOO_LARGE',
      `a payload of ${payload.length} bytes, ${maxPayloadBytes} allowed`,
    );
  if (!(signature instanceof Uint8Array) || signature.length !== 96)
    throw new AttestationError('ERR_ATTESTATION_COSE', 'the signature is not 96 bytes');
  return { protectedHeader, unprotectedHeaderSize: unprotectedHeader.size, payload, signature };
}

/** The header {1: -35}, which is ES384 (RFC 9053, section 2.1), in its only canonical form. */
const es384Header = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);

/**
 * Checks that the algorithm is ES384, that it is inside the signed bytes, and that the header has no other field.
 */
export function checkAlgorithm(sign1: CoseSign1): void {
  const { protectedHeader } = sign1;
  if (protectedHeader.length !== es384Header.length || es384Header.some((byte, i) => protectedHeader[i] !== byte)) {
    throw new AttestationError('ERR_ATTESTATION_ALGORITHM');
  }
  if (sign1.unprotectedHeaderSize !== 0) throw new AttestationError('ERR_ATTESTATION_UNPROTECTED_HEADER');
}

const context = Uint8Array.of(0x84, 0x6a, ...new TextEncoder().encode('Signature1'));

/** Returns the Sig_structure (RFC 9052, section 4.4): ["Signature1", protected, external_aad = h'', payload], with the received bytes. */
export function signedBytes(protectedHeader: Uint8Array, payload: Uint8Array): Uint8Array {
  const head = byteStringHead(protectedHeader.length);
  const payloadHead = byteStringHead(payload.length);
  const out = new Uint8Array(
    context.length + head.length + protectedHeader.length + 1 + payloadHead.length + payload.length,
  );
  let at = 0;
  for (const part of [context, head, protectedHeader, Uint8Array.of(0x40), payloadHead, payload]) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function byteStringHead(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(0x40 | length);
  if (length < 256) return Uint8Array.of(0x58, length);
  return Uint8Array.of(0x59, length >> 8, length & 0xff);
}

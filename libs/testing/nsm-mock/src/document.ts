import { sign, KeyObject } from 'node:crypto';
import { encodeCbor } from '@communique-tee/nsm';
import type { Chain } from './chain';

export interface DocumentFields {
  moduleId: string;
  timestampMs: number;
  pcrs: ReadonlyMap<number, Uint8Array>;
  publicKey: Uint8Array | null;
  userData: Uint8Array | null;
  nonce: Uint8Array | null;
}

/** Returns a signed document in the form of real documents of 2025: untagged, with a map of indefinite length as payload. */
export function signDocument(fields: DocumentFields, chain: Chain): Uint8Array {
  const payload = concat(
    Uint8Array.of(0xbf),
    ...Object.entries({
      module_id: fields.moduleId,
      digest: 'SHA384',
      timestamp: fields.timestampMs,
      pcrs: fields.pcrs,
      certificate: chain.leaf.der,
      cabundle: chain.cabundle,
      public_key: fields.publicKey,
      user_data: fields.userData,
      nonce: fields.nonce,
    }).flatMap(([name, value]) => [encodeCbor(name), encodeCbor(value)]),
    Uint8Array.of(0xff),
  );
  const protectedHeader = Uint8Array.of(0xa1, 0x01, 0x38, 0x22); // {1: -35}
  const signature = sign('sha384', encodeCbor(['Signature1', protectedHeader, new Uint8Array(), payload]), {
    key: KeyObject.from(chain.leaf.keys.privateKey),
    dsaEncoding: 'ieee-p1363',
  });
  return concat(
    Uint8Array.of(0x84),
    encodeCbor(protectedHeader),
    encodeCbor(new Map()),
    encodeCbor(payload),
    encodeCbor(new Uint8Array(signature)),
  );
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

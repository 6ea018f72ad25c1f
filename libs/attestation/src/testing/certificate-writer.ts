import { sign, type KeyObject } from 'node:crypto';
import {
  bits,
  boolean,
  concat,
  distinguishedName,
  element,
  integer,
  octets,
  oid,
  sequence,
  utcTime,
} from './der-writer';

/** The parts of a certificate, each of which a test can replace. */
export interface CertificateParts {
  version: Uint8Array;
  serial: Uint8Array;
  innerAlgorithm: Uint8Array;
  outerAlgorithm: Uint8Array;
  issuer: Uint8Array;
  notBefore: Uint8Array;
  notAfter: Uint8Array;
  subject: Uint8Array;
  publicKeyInfo: Uint8Array;
  /** Bytes between the key and the extensions. */
  uniqueIds: Uint8Array;
  /** Each in DER. Undefined: the certificate has no field for extensions. */
  extensions: Uint8Array[] | undefined;
  /** Changes the ECDSA signature (DER). */
  signature: (der: Uint8Array) => Uint8Array;
  digest: string;
  /** Changes the whole certificate. */
  finished: (der: Uint8Array) => Uint8Array;
}

export const ecdsaWith = (hash: 'sha256' | 'sha384' | 'sha512') =>
  sequence(oid(`2a8648ce3d0403${{ sha256: '02', sha384: '03', sha512: '04' }[hash]}`));

export interface Named {
  name: string;
  keys: { publicKey: KeyObject; privateKey: KeyObject };
}

export function certificateParts(
  subject: Named,
  issuer: Named,
  notBeforeMs: number,
  notAfterMs: number,
  extensions: Uint8Array[],
): CertificateParts {
  return {
    version: element(0xa0, integer(2)),
    serial: integer(0x5a, ...Buffer.from(subject.name).subarray(0, 8)),
    innerAlgorithm: ecdsaWith('sha384'),
    outerAlgorithm: ecdsaWith('sha384'),
    issuer: distinguishedName(issuer.name),
    notBefore: utcTime(notBeforeMs),
    notAfter: utcTime(notAfterMs),
    subject: distinguishedName(subject.name),
    publicKeyInfo: publicKeyInfo(subject.keys.publicKey),
    uniqueIds: new Uint8Array(),
    extensions,
    signature: (der) => der,
    digest: 'sha384',
    finished: (der) => der,
  };
}

export function writeCertificate(parts: CertificateParts, signingKey: KeyObject): Uint8Array {
  const tbs = sequence(
    parts.version,
    parts.serial,
    parts.innerAlgorithm,
    parts.issuer,
    sequence(parts.notBefore, parts.notAfter),
    parts.subject,
    parts.publicKeyInfo,
    parts.uniqueIds,
    parts.extensions ? element(0xa3, sequence(...parts.extensions)) : new Uint8Array(),
  );
  const signature = parts.signature(new Uint8Array(sign(parts.digest, tbs, signingKey)));
  return parts.finished(sequence(tbs, parts.outerAlgorithm, bits(0, signature)));
}

export function publicKeyInfo(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

const absent = new Uint8Array();

export function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), critical ? boolean(0xff) : absent, octets(value));
}

/** @param pathLength no limit if undefined */
export function basicConstraints(ca: boolean, pathLength?: number, critical = true): Uint8Array {
  return extension(
    '551d13',
    critical,
    sequence(ca ? boolean(0xff) : absent, pathLength === undefined ? absent : integer(pathLength)),
  );
}

/** `usages` is the first byte of the bit string: 0x80 digitalSignature, 0x40 nonRepudiation, 0x04 keyCertSign, 0x02 cRLSign. */
export function keyUsage(usages: number, critical = true): Uint8Array {
  const unused = usages === 0 ? 0 : 31 - Math.clz32(usages & -usages);
  return extension('551d0f', critical, bits(unused, Uint8Array.of(usages)));
}

export const subjectKeyIdentifier = (critical = false) =>
  extension('551d0e', critical, octets(concat(new Uint8Array(20).fill(7))));

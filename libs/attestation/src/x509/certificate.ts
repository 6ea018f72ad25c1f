import { AttestationError } from '../errors';
import { DerReader, malformed, sameBytes, tags, unsignedInteger, type DerElement } from './der';
import { readExtensions, type Extensions } from './extensions';

/** The parts of a certificate that the chain check needs (RFC 5280, section 4.1), as views into its DER. */
export interface Certificate extends Extensions {
  der: Uint8Array;
  /** the bytes that are signed */
  tbs: Uint8Array;
  /** r || s, 96 bytes */
  signature: Uint8Array;
  serial: Uint8Array;
  /** the raw Name; names are equal if their bytes are */
  issuer: Uint8Array;
  subject: Uint8Array;
  /** Common names, for people to read. No check uses them. */
  issuerName: string;
  subjectName: string;
  notBeforeMs: number;
  notAfterMs: number;
  /** x || y, 96 bytes */
  publicPoint: Uint8Array;
}

/** SEQUENCE { OID 1.2.840.10045.4.3.3 }: ecdsa-with-SHA384 (RFC 5758, section 3.2), without parameters. */
const ecdsaWithSha384 = Uint8Array.of(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03);
/** The bytes of a SubjectPublicKeyInfo before x and y: id-ecPublicKey, secp384r1, a BIT STRING that starts with 04 (RFC 5480, section 2). */
const p384KeyHead = Uint8Array.of(
  ...[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x22,
  ],
  ...[0x03, 0x62, 0x00, 0x04],
);
const version3 = Uint8Array.of(0x02, 0x01, 0x02);

/**
 * Reads one certificate strictly: version 3, ecdsa-with-SHA384 in both algorithm fields, a P-384 key, no unique identifiers, and no
 * critical extension other than basicConstraints and keyUsage.
 *
 * @throws AttestationError ERR_ATTESTATION_CERTIFICATE, or the same with _ALGORITHM, _KEY or _EXTENSION at its end
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const outer = new DerReader(der);
  const whole = new DerReader(outer.read(tags.sequence, 'the certificate').content);
  outer.end('the certificate');
  const tbs = whole.read(tags.sequence, 'tbsCertificate');
  const algorithm = whole.read(tags.sequence, 'signatureAlgorithm').raw;
  const signatureBits = whole.read(tags.bitString, 'the signature').content;
  whole.end('the signature');

  const body = new DerReader(tbs.content);
  if (!sameBytes(body.read(0xa0, 'the version').content, version3)) throw malformed('not version 3');
  const serial = unsignedInteger(body.read(tags.integer, 'the serial number').content, 'the serial number');
  if (serial.length > 20) throw malformed('a serial number of more than 20 bytes');
  const innerAlgorithm = body.read(tags.sequence, 'the algorithm').raw;
  const issuer = body.read(tags.sequence, 'the issuer').raw;
  const validity = new DerReader(body.read(tags.sequence, 'the validity').content);
  const notBeforeMs = readTime(validity);
  const notAfterMs = readTime(validity);
  validity.end('the validity');
  const subject = body.read(tags.sequence, 'the subject').raw;
  const key = body.read(tags.sequence, 'the public key').raw;
  const extensions = body.done ? undefined : body.read(0xa3, 'the extensions').content;
  body.end('the extensions');

  if (!sameBytes(algorithm, ecdsaWithSha384) || !sameBytes(innerAlgorithm, ecdsaWithSha384))
    throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_ALGORITHM');
  if (key.length !== p384KeyHead.length + 96 || !sameBytes(key.subarray(0, p384KeyHead.length), p384KeyHead))
    throw new AttestationError('ERR_ATTESTATION_CERTIFICATE_KEY');

  return {
    der,
    tbs: tbs.raw,
    signature: rawSignature(signatureBits),
    serial,
    issuer,
    subject,
    issuerName: readCommonName(issuer),
    subjectName: readCommonName(subject),
    notBeforeMs,
    notAfterMs,
    publicPoint: key.subarray(p384KeyHead.length),
    ...readExtensions(extensions),
  };
}

function readTime(reader: DerReader): number {
  return timeMs(reader.read(reader.peek() === tags.generalizedTime ? tags.generalizedTime : tags.utcTime, 'a time'));
}

/** Returns the ECDSA-Sig-Value (RFC 3279, section 2.2.3) of a BIT STRING as r || s, 48 bytes each. */
function rawSignature(bits: Uint8Array): Uint8Array {
  if (bits[0] !== 0) throw malformed('a signature that is no whole number of bytes');
  const outer = new DerReader(bits.subarray(1));
  const pair = new DerReader(outer.read(tags.sequence, 'the signature').content);
  outer.end('the signature');
  const out = new Uint8Array(96);
  for (const end of [48, 96]) {
    const number = unsignedInteger(
      pair.read(tags.integer, 'a half of the signature').content,
      'a half of the signature',
    );
    if (number.length > 48) throw malformed('a half of the signature is too long');
    out.set(number, end - number.length);
  }
  pair.end('the signature');
  return out;
}

const commonName = Uint8Array.of(0x55, 0x04, 0x03);
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Returns the last common name of a Name (RFC 5280, section 4.1.2.4); an empty string if there is none. */
function readCommonName(name: Uint8Array): string {
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

/**
 * Reads a UTCTime or GeneralizedTime in the form of RFC 5280, section 4.1.2.5: seconds, `Z`, no fraction; two-digit years
 * below 50 are 20xx. Accepts both forms for every year.
 */
function timeMs(element: DerElement): number {
  const text = String.fromCharCode(...element.content);
  const match = (
    element.tag === tags.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
      : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  ).exec(text);
  if (!match) throw malformed('a time');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const fullYear = element.tag === tags.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const ms = Date.UTC(fullYear, month - 1, day, hour, minute, second);
  // Date.UTC turns 31 February or 25 o'clock into another time, and reports no error.
  const back = new Date(ms);
  if (
    fullYear < 1900 ||
    back.getUTCMonth() !== month - 1 ||
    back.getUTCDate() !== day ||
    back.getUTCHours() !== hour ||
    back.getUTCMinutes() !== minute ||
    back.getUTCSeconds() !== second
  ) {
    throw malformed('a time that does not exist');
  }
  return ms;
}

/** The fields of a certificate to show to people. */
export interface CertificateSummary {
  /** common names */
  subject: string;
  issuer: string;
  notBeforeMs: number;
  notAfterMs: number;
}

export function summarizeCertificate(certificate: Certificate): CertificateSummary {
  return {
    subject: certificate.subjectName,
    issuer: certificate.issuerName,
    notBeforeMs: certificate.notBeforeMs,
    notAfterMs: certificate.notAfterMs,
  };
}

import {
  Constructed,
  fromBER,
  Integer,
  Null,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  Set as Asn1Set,
  type AsnType,
  type BaseBlock,
} from 'asn1js';
import { KmsError } from './errors';

/** The values of an EnvelopedData that has the accepted algorithms. */
export interface Envelope {
  /** 256 bytes: the AES key under RSA-2048, OAEP with SHA-256. */
  encryptedKey: Uint8Array;
  /** 16 bytes. */
  iv: Uint8Array;
  /** AES-256-CBC, PKCS#7 padding: a multiple of 16 bytes, at least 16. */
  encryptedContent: Uint8Array;
}

/** Enough for 4 KiB of plaintext, the most that KMS encrypts, and about 450 bytes around it. */
const MAX_ENVELOPE_BYTES = 8 * 1024;
/** An accepted envelope has 11 levels, down to the hash of the mask generation. */
const MAX_DEPTH = 16;
/** An accepted envelope has about 35 nodes, and a few more if the content is in pieces. */
const MAX_NODES = 256;

const OID = {
  envelopedData: '1.2.840.113549.1.7.3',
  data: '1.2.840.113549.1.7.1',
  rsaesOaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  sha256: '2.16.840.1.101.3.4.2.1',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
} as const;

/**
 * Reads KMS's `CiphertextForRecipient`: CMS EnvelopedData (RFC 5652 section 6.1) in BER, with definite or indefinite lengths. It accepts
 * only this form:
 * - one KeyTransRecipientInfo of version 2 (section 6.2.1), named by a key identifier
 * - RSAES-OAEP with SHA-256 and MGF1 with SHA-256, without a label (RFC 4055 section 4.1)
 * - AES-256-CBC (RFC 3565)
 * - neither originator information nor attributes
 *
 * It does not compare the key identifier: KMS does not document it, and only the right private key opens the envelope.
 * @throws KmsError `kms_answer_invalid`
 */
export function readEnvelope(ber: Uint8Array): Envelope {
  const [contentType, content] = sequence(parse(ber), 2);
  oid(contentType, OID.envelopedData);
  const [version, recipients, encryptedContentInfo] = sequence(only(explicit(content, 0)), 3);
  integer(version, 2);
  const [recipientVersion, recipientId, keyAlgorithm, encryptedKey] = sequence(
    only(children(recipients, Asn1Set, UNIVERSAL, 17)),
    4,
  );
  integer(recipientVersion, 2);
  keyIdentifier(recipientId);
  oaepWithSha256(keyAlgorithm);
  const [innerType, contentAlgorithm, encryptedContent] = sequence(encryptedContentInfo, 3);
  oid(innerType, OID.data);
  const [cipher, iv] = sequence(contentAlgorithm, 2);
  oid(cipher, OID.aes256Cbc);
  return { encryptedKey: octets(encryptedKey, 256), iv: octets(iv, 16), encryptedContent: pieces(encryptedContent) };
}

/**
 * Parses BER. asn1js accepts an indefinite length without an end, and children that are longer than their parent. So this function
 * encodes the parsed tree again and requires the same bytes. This also excludes a length that is not in its shortest form.
 */
function parse(ber: Uint8Array): AsnType {
  if (ber.length === 0 || ber.length > MAX_ENVELOPE_BYTES) return refuse('its size');
  let read;
  try {
    read = fromBER(ber, {
      maxDepth: MAX_DEPTH,
      maxNodes: MAX_NODES,
      maxContentLength: MAX_ENVELOPE_BYTES,
      parseEmbedded: false,
    });
    if (read.offset === ber.length && Buffer.from(read.result.toBER()).equals(ber)) return read.result;
  } catch {
    // Refused below with the other wrong encodings
  }
  return refuse('its encoding');
}

const UNIVERSAL = 1;
const CONTEXT = 3;
type Node = AsnType | undefined;
type Type<Block> = abstract new (...parameters: never[]) => Block;

function block<Block extends BaseBlock>(
  node: Node,
  type: Type<Block>,
  tagClass: number,
  tagNumber: number,
  isConstructed: boolean,
): Block {
  if (!(node instanceof type)) return refuse('its structure');
  const { idBlock } = node;
  return idBlock.tagClass === tagClass && idBlock.tagNumber === tagNumber && idBlock.isConstructed === isConstructed
    ? node
    : refuse('its structure');
}

function children(node: Node, type: Type<Constructed>, tagClass: number, tagNumber: number): AsnType[] {
  return block(node, type, tagClass, tagNumber, true).valueBlock.value as AsnType[];
}

function sequence(node: Node, length: number): AsnType[] {
  const elements = children(node, Sequence, UNIVERSAL, 16);
  return elements.length === length ? elements : refuse('its structure');
}

function explicit(node: Node, tag: number): AsnType[] {
  return children(node, Constructed, CONTEXT, tag);
}

function only(elements: AsnType[]): Node {
  return elements.length === 1 ? elements[0] : refuse('its structure');
}

function integer(node: Node, value: number): void {
  const { valueHexView } = block(node, Integer, UNIVERSAL, 2, false).valueBlock;
  if (valueHexView.length !== 1 || valueHexView[0] !== value) refuse('a version');
}

function oid(node: Node, value: string): void {
  if (block(node, ObjectIdentifier, UNIVERSAL, 6, false).getValue() !== value) refuse('an algorithm or type');
}

function octets(node: Node, length: number): Uint8Array {
  const { valueHexView } = block(node, OctetString, UNIVERSAL, 4, false).valueBlock;
  return valueHexView.length === length ? valueHexView : refuse('a length');
}

/** Checks that this is a `[0] SubjectKeyIdentifier` (RFC 5652 section 6.2). KMS writes one of 32 bytes. */
function keyIdentifier(node: Node): void {
  const { length } = block(node, Primitive, CONTEXT, 0, false).valueBlock.valueHexView;
  if (length === 0 || length > 64) refuse('a length');
}

/** Checks the parameters of OAEP (RFC 4055 section 4.1). Each must be present, because an absent one defaults to SHA-1. */
function oaepWithSha256(node: Node): void {
  const [algorithm, parameters] = sequence(node, 2);
  oid(algorithm, OID.rsaesOaep);
  const [hash, maskGeneration] = sequence(parameters, 2);
  sha256(only(explicit(hash, 0)));
  const [mask, maskHash] = sequence(only(explicit(maskGeneration, 1)), 2);
  oid(mask, OID.mgf1);
  sha256(maskHash);
}

/**
 * Checks that this is SHA-256, with the parameters NULL (as KMS writes) or none (as OpenSSL writes). Readers have to accept both (RFC 4055
 * section 2.1).
 */
function sha256(node: Node): void {
  const [algorithm, parameters, ...more] = children(node, Sequence, UNIVERSAL, 16);
  oid(algorithm, OID.sha256);
  if (more.length > 0) refuse('its structure');
  if (parameters !== undefined && block(parameters, Null, UNIVERSAL, 5, false).blockLength !== 2)
    refuse('its structure');
}

/** Returns the content of an `[0] IMPLICIT OCTET STRING`, which is one string or a list of strings (X.690 section 8.7.3). */
function pieces(node: Node): Uint8Array {
  const whole =
    node instanceof Primitive
      ? [block(node, Primitive, CONTEXT, 0, false)]
      : explicit(node, 0).map((piece) => block(piece, OctetString, UNIVERSAL, 4, false));
  const content = new Uint8Array(Buffer.concat(whole.map(({ valueBlock }) => valueBlock.valueHexView)));
  return content.length > 0 && content.length % 16 === 0 ? content : refuse('a length');
}

function refuse(what: string): never {
  throw new KmsError('kms_answer_invalid', `the envelope for the recipient is refused for ${what}`);
}

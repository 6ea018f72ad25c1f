import { decodeAnswer, decodeSealedAnswer, fromBase64Url, type Answer } from '@communique-tee/protocol';
import sodium from 'libsodium-wrappers';
import { createHash, randomBytes } from 'node:crypto';

/** The answer to `GET /api/tee/public-key`. */
export interface KeyView {
  readonly success: boolean;
  readonly keyId: string;
  readonly publicKey: string;
  readonly algorithm: string;
}

/** A message as the web client (legacy) posts it, and the means to check its receipt and open its answer. */
export interface Sealed {
  readonly json: {
    readonly ciphertext: string;
    readonly nonce: string;
    readonly ephemeralPublicKey: string;
    readonly teeKeyId: string;
  };
  /** The message's id, a UUID. */
  readonly id: string;
  /** SHA-256 of the binary form that the gateway relays. */
  readonly sha256: Uint8Array;
  openAnswer(sealedAnswer: string): Answer;
}

/** Seals as the web client (legacy) does. Sealing uses only libsodium and Node's SHA-256, and none of our own libraries. */
export async function seal(view: KeyView, content: object): Promise<Sealed> {
  await sodium.ready;
  const ephemeral = sodium.crypto_box_keypair();
  const shared = sodium.crypto_scalarmult(ephemeral.privateKey, sodium.from_hex(view.publicKey.slice(2)));
  const key = sodium.crypto_generichash(32, shared, sodium.from_string('commons-witness-encryption-v1'));
  const nonce = sodium.randombytes_buf(24);
  const ciphertext = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(JSON.stringify(content), null, null, nonce, key);
  const base64 = (bytes: Uint8Array) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);

  const keyId = sodium.from_hex(view.keyId);
  const id = createHash('sha256')
    .update('communique-tee legacy message id v1')
    .update(ciphertext)
    .digest()
    .subarray(0, 16);
  const length =
    ciphertext.length < 256 ? [0x58, ciphertext.length] : [0x59, ciphertext.length >> 8, ciphertext.length & 0xff];
  const wire = Buffer.concat([
    Buffer.from([0x86, 1, 2, 0x50]),
    keyId,
    Buffer.from([0x58, 32]),
    ephemeral.publicKey,
    Buffer.from([0x58, 24]),
    nonce,
    Buffer.from(length),
    ciphertext,
  ]);

  return {
    json: {
      ciphertext: base64(ciphertext),
      nonce: base64(nonce),
      ephemeralPublicKey: `0x${sodium.to_hex(ephemeral.publicKey)}`,
      teeKeyId: view.keyId,
    },
    id: id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    sha256: createHash('sha256').update(wire).digest(),
    openAnswer(sealedAnswer) {
      const answer = decodeSealedAnswer(fromBase64Url(sealedAnswer));
      const answerKey = sodium.crypto_generichash(32, shared, sodium.from_string('communique-tee legacy answer v1'));
      const associatedData = Buffer.concat([Buffer.from([0x82, 0x50]), keyId, Buffer.from([0x50]), id]);
      const padded = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        null,
        answer.ciphertext,
        associatedData,
        answer.nonce,
        answerKey,
      );
      const end = 4 + new DataView(padded.buffer, padded.byteOffset).getUint32(0);
      return decodeAnswer(padded.subarray(4, end));
    },
  };
}

/** The JSON that the web client (legacy) seals. Name, e-mail, street and proof are unique, so that tests can search for them. */
export function contentOfToday(): { deliveryAddress: Record<string, string>; proof: object } {
  return {
    deliveryAddress: {
      name: `Planted ${mark()}`,
      email: `planted-${mark()}@example.org`,
      street: `${mark()} Street`,
      city: 'Oakland',
      state: 'CA',
      zip: '94601',
      phone: '(202) 555-0123',
      congressional_district: 'CA-12',
    },
    proof: { publicInputs: [mark()] },
  };
}

/** The JSON of `contentOfToday` with the other fields that Congress requires. */
export function completeContent(): ReturnType<typeof contentOfToday> & {
  offices: string[];
  message: { body: string };
} {
  return {
    ...contentOfToday(),
    ...{ constituent: { prefix: 'Ms.', firstName: `Planted ${mark()}`, lastName: `Planted ${mark()}` } },
    message: { ...{ subject: `A subject ${mark()}`, topics: ['Energy'] }, body: `A text ${mark()}` },
    ...{ campaignId: `campaign-${mark()}` },
    offices: ['HCA12', 'SCA01', 'SCA03'],
  };
}

function mark(): string {
  return randomBytes(6).toString('hex');
}

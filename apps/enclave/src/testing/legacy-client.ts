import { legacyMessageId, openLegacyAnswer } from '@communique-tee/crypto';
import {
  decodeAnswer,
  decodeSealedAnswer,
  encodeLegacyMessage,
  legacyMessageFromJson,
  legacyPublicKeyView,
  messageIdToText,
  type Answer,
  type LegacyMessage,
} from '@communique-tee/protocol';
import sodium from 'libsodium-wrappers';
import { createHash } from 'node:crypto';

export type LegacyKeyView = Pick<ReturnType<typeof legacyPublicKeyView>, 'keyId' | 'publicKey'>;

/** A message of the web client (legacy), sealed by the same library (libsodium), with what its sender must keep. */
export interface LegacySealed {
  json: { ciphertext: string; nonce: string; ephemeralPublicKey: string; teeKeyId: string };
  message: LegacyMessage;
  /** The sealed message as the gateway relays it. */
  sealed: Uint8Array;
  sealedSha256: Uint8Array;
  /** The message id, a UUID. */
  id: string;
  /** Opens the sealed answer with the secret of the key exchange. */
  open(sealedAnswer: Uint8Array): Answer;
}

export async function sealAsLegacyClient(view: LegacyKeyView, content: unknown): Promise<LegacySealed> {
  await sodium.ready;
  const ephemeral = sodium.crypto_box_keypair();
  const shared = sodium.crypto_scalarmult(ephemeral.privateKey, sodium.from_hex(view.publicKey.slice(2)));
  const key = sodium.crypto_generichash(32, shared, sodium.from_string('commons-witness-encryption-v1'));
  const nonce = sodium.randombytes_buf(sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  const ciphertext = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    typeof content === 'string' ? content : JSON.stringify(content),
    null,
    null,
    nonce,
    key,
  );
  const base64 = (bytes: Uint8Array) => sodium.to_base64(bytes, sodium.base64_variants.ORIGINAL);
  const json = {
    ciphertext: base64(ciphertext),
    nonce: base64(nonce),
    ephemeralPublicKey: `0x${sodium.to_hex(ephemeral.publicKey)}`,
    teeKeyId: view.keyId,
  };
  const message = legacyMessageFromJson(json);
  const sealed = encodeLegacyMessage(message);
  return {
    json,
    message,
    sealed,
    sealedSha256: createHash('sha256').update(sealed).digest(),
    id: messageIdToText(legacyMessageId(message.ciphertext)),
    open: (sealedAnswer) => decodeAnswer(openLegacyAnswer(shared, message, decodeSealedAnswer(sealedAnswer))),
  };
}

/** The content that the web client (legacy) seals today. It lacks fields that Congress requires. */
export const LEGACY_CONTENT_TODAY = {
  deliveryAddress: {
    name: 'Test Person',
    email: 'person@example.org',
    street: '1 Example Street',
    city: 'Oakland',
    state: 'CA',
    zip: '94601',
    phone: '(510) 555-0100',
    congressional_district: 'CA-12',
  },
  proof: { publicInputs: ['1'] },
};

/** Returns today's content of the web client (legacy) with the further fields that Congress requires. */
export function legacyContent(more: object = {}): object {
  return {
    ...LEGACY_CONTENT_TODAY,
    constituent: { prefix: 'Ms.', firstName: 'Test', lastName: 'Person' },
    message: { subject: 'A subject of a test', body: 'A text that a legacy test sends.', topics: ['Energy'] },
    campaignId: 'test-campaign',
    ...more,
  };
}

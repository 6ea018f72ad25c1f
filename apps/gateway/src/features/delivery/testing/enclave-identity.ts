import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { keyIdOf } from '@communique-tee/crypto';
import {
  encodeKeyBinding,
  encodeRelayAnswer,
  encodeSealedAnswer,
  encodeSealedMessage,
  decodeSealedMessage,
  messageIdToText,
  toBase64Url,
  PROCESS_CUSTODY,
  type Outcome,
  type RelayAnswer,
  type SealedMessage,
} from '@communique-tee/protocol';
import { signReceipt } from '@communique-tee/receipts/node';

const random = (length: number) => new Uint8Array(randomBytes(length));
export const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

export type Attest = (fields: {
  nonce?: Uint8Array;
  userData?: Uint8Array;
  publicKey?: Uint8Array;
}) => Promise<Uint8Array>;

/** Real keys and receipts of an enclave that opens no message; the spec sets what each office answered. */
export class EnclaveIdentity {
  private readonly keys = generateKeyPairSync('ed25519');
  private readonly publicKey = random(32);
  readonly keyId = keyIdOf(this.publicKey);

  constructor(
    private readonly attest: Attest,
    private readonly pcr0: string,
    private readonly custody: string = PROCESS_CUSTODY,
  ) {}

  /** 32 bytes. */
  get receiptKey(): Uint8Array {
    return new Uint8Array(Buffer.from(this.keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'));
  }

  document(nonce?: Uint8Array): Promise<Uint8Array> {
    const userData = encodeKeyBinding({
      keyId: this.keyId,
      receiptKey: this.receiptKey,
      custody: this.custody,
      configSha256: new Uint8Array(32),
    });
    return this.attest({ ...(nonce === undefined ? {} : { nonce }), userData, publicKey: this.publicKey });
  }

  /** Makes an answer with a receipt for these sealed bytes; `changes` and `forged` falsify the answer. */
  async answer(
    sealed: Uint8Array,
    outcomes: readonly Outcome[],
    changes: Partial<RelayAnswer> = {},
    forged: { claims?: object; key?: KeyObject } = {},
  ): Promise<RelayAnswer> {
    const document = await this.document();
    const claims = {
      v: 2 as const,
      message_id: messageIdToText(decodeSealedMessage(sealed).messageId),
      sealed_sha256: toBase64Url(sha256(sealed)),
      suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305' as const,
      offices: outcomes.map((outcome) => ({ commitment: toBase64Url(random(32)), outcome })),
      time: Math.floor(Date.now() / 1000),
      pcr0: this.pcr0,
      attestation_sha256: toBase64Url(sha256(document)),
      ...forged.claims,
    };
    const pending = outcomes.includes('pending');
    return {
      state: pending ? 'pending' : 'final',
      retryAfterSeconds: null,
      withheld: 0,
      receipt: signReceipt(claims, forged.key ?? this.keys.privateKey),
      attestationDocument: document,
      answer: encodeSealedAnswer({ nonce: random(24), ciphertext: random(64) }),
      ...changes,
    };
  }

  async encodedAnswer(...parameters: Parameters<EnclaveIdentity['answer']>): Promise<Uint8Array> {
    return encodeRelayAnswer(await this.answer(...parameters));
  }
}

/** Makes a well-formed sealed message with random bytes as its ciphertext. */
export function sealedNoise(
  expiresAt: Date,
  keyId: Uint8Array = random(16),
): { message: SealedMessage; sealed: Uint8Array; messageId: string } {
  const message: SealedMessage = {
    suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
    keyId,
    messageId: random(16),
    expiresAtSeconds: Math.floor(expiresAt.getTime() / 1000),
    nullifier: null,
    encapsulatedKey: random(32),
    nonce: random(24),
    ciphertext: random(1024 + 16),
  };
  return { message, sealed: encodeSealedMessage(message), messageId: messageIdToText(message.messageId) };
}

import { sealing } from '@communique-tee/crypto';
import type { EnclaveIdentity } from '@communique-tee/enclave-identity';
import {
  DEFAULT_SUITE,
  encodeCongressMessage,
  encodeEnvelope,
  encodeSealedMessage,
  fromHex,
  type CongressMessage,
} from '@communique-tee/protocol';
import {
  claimOf,
  commitmentOf,
  congressAt,
  deliveryOf,
  EMPTY_LEAF,
  leafOf,
  MerkleTree,
  messageInput,
  nullifierOf,
  randomField,
  scopeOf,
  signCampaignNote,
  signRootNote,
  VERIFICATION_KEY_SHA256,
  witnessOf,
} from '@communique-tee/residence';
import { createProver, type Prover } from '@communique-tee/residence/prover';
import { referenceStringForTests, TEST_REGISTRAR } from '@communique-tee/residence/testing';
import { createHash, randomBytes } from 'node:crypto';

const DAY_SECONDS = 86_400;
const MAX_CAMPAIGN_DAYS = 90;
const INDEX = 700;

/** For an attack's `enclave.configure`: the enclave accepts proofs under the test registrar, whose private keys are public. */
export const withResidence = (configuration: Record<string, unknown>): Record<string, unknown> => ({
  ...configuration,
  residence: {
    mode: 'optional',
    registrar: TEST_REGISTRAR.id,
    keys: [TEST_REGISTRAR.verifierKeys[0]],
    maxCampaignDays: MAX_CAMPAIGN_DAYS,
  },
});

/** Returns why this machine cannot prove residence; null if it can. */
export const cannotProve = (): string | null =>
  referenceStringForTests() === undefined ? 'this machine has no reference string to prove with' : null;

/** How a sealed message differs from an honest one, so that an attack can reach every check of the enclave. */
export interface MessageTampering {
  readonly content?: Partial<CongressMessage>;
  readonly opening?: Partial<NonNullable<CongressMessage['proof']>>;
  /** The campaign that the message's campaign note names. Default: the proof's campaign. */
  readonly noteOf?: string;
}

/** A message with a proof of residence, and the secrets behind it. */
export interface ProvenMessage {
  /** The bytes that the gateway relays. */
  readonly envelope: Uint8Array;
  readonly secrets: Readonly<Record<string, Uint8Array>>;
}

/** A person who is registered in California's 12th district, with a prover. */
export class Resident implements Disposable {
  private readonly secret = randomField();
  private readonly salt = randomField();
  private readonly district = `${String(congressAt(Date.now() / 1000)).padStart(3, '0')}-CA-12`;
  private readonly tree: MerkleTree;
  private readonly rootNote: string;
  private readonly prover: Prover;

  /** @throws Error if {@link cannotProve} returns a reason */
  constructor() {
    const referenceString = referenceStringForTests();
    if (referenceString === undefined) throw new Error(cannotProve() ?? '');
    this.prover = createProver({ referenceString });
    const { secret, salt, district } = this;
    this.tree = MerkleTree.of(Array.from({ length: INDEX }, () => EMPTY_LEAF));
    this.tree.set(INDEX, leafOf({ commitment: commitmentOf(secret), district, salt }));
    const notBefore = Math.floor(Date.now() / 1000) - 60;
    this.rootNote = signRootNote(
      {
        registrar: TEST_REGISTRAR.id,
        root: this.tree.root,
        notBefore,
        notAfter: notBefore + 14 * DAY_SECONDS,
        places: 1024,
      },
      TEST_REGISTRAR.signingKeys[0],
    );
  }

  /** Seals a message to this enclave, and proves residence for it in this campaign. */
  async seal(
    { publicKey, keyId }: Pick<EnclaveIdentity, 'publicKey' | 'keyId'>,
    content: CongressMessage,
    campaign: string,
    { content: otherContent, opening: otherOpening, noteOf = campaign }: MessageTampering = {},
  ): Promise<ProvenMessage> {
    const { secret, salt, district, tree, rootNote } = this;
    const scope = scopeOf(TEST_REGISTRAR.id, campaign);
    const blinding = new Uint8Array(randomField());
    const delivery = new Uint8Array(deliveryOf(secret, scope));
    const nullifier = nullifierOf(secret, scope);
    const note = campaignNote(noteOf);
    const plaintext = encodeCongressMessage({
      ...content,
      campaignId: noteOf,
      ...otherContent,
      proof: { district, delivery, blinding, campaign: note, ...otherOpening },
    });
    const { message } = sealing.seal({
      publicKey,
      suite: DEFAULT_SUITE,
      keyId,
      messageId: new Uint8Array(randomBytes(16)),
      expiresAtSeconds: Math.floor(Date.now() / 1000) + DAY_SECONDS,
      nullifier,
      plaintext,
    });
    const statusSecret = new Uint8Array(randomBytes(32));
    const statusSha256 = new Uint8Array(createHash('sha256').update(statusSecret).digest());
    const witness = witnessOf({
      secret,
      registration: { registrar: TEST_REGISTRAR.id, district, salt, index: INDEX },
      siblings: tree.path(INDEX),
      root: tree.root,
      campaign,
      blinding,
      message: messageInput(statusSha256, encodeSealedMessage(message)),
    });
    const { proof } = await this.prover.prove(witness);
    const claim = claimOf({ scope, district, delivery, blinding });
    const verificationKeySha256 = fromHex(VERIFICATION_KEY_SHA256);
    const envelope = encodeEnvelope({
      sealed: message,
      residence: { verificationKeySha256, statusSha256, rootNote, claim, proof },
    });
    return { envelope, secrets: { secret, salt, scope, delivery, blinding, statusSecret } };
  }

  /** The texts that must not be readable anywhere, in addition to the message's texts. */
  get texts(): Readonly<Record<string, string>> {
    return { district: this.district };
  }

  [Symbol.dispose](): void {
    this.prover.close();
  }
}

function campaignNote(campaign: string): string {
  const notBefore = Math.floor(Date.now() / 1000) - 60;
  return signCampaignNote(
    { registrar: TEST_REGISTRAR.id, campaign, notBefore, notAfter: notBefore + 30 * DAY_SECONDS },
    MAX_CAMPAIGN_DAYS,
    TEST_REGISTRAR.signingKeys[0],
  );
}

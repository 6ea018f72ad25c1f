import { randomBytes } from 'node:crypto';
import {
  decodeKeyOffer,
  decodeSealedKey,
  decodeSealedMessage,
  encodeKeyStatus,
  encodeSealedKey,
  encodeSealedKeyCore,
  encodeSealedKeyMaker,
  toHex,
  type HandedCredentials,
  type KeyOffer,
  type KeyStatus,
  type SealedKeyCore,
} from '@communique-tee/protocol';
import { EnclaveIdentity, sha256, type Attest } from '../../delivery/testing/enclave-identity';
import {
  answer,
  problem,
  TestEnclave,
  type Behaviour,
  type TestRequest,
  enclaveHealth,
} from '../../enclave/testing/test-enclave';

export const ALIAS = 'arn:aws:kms:us-east-1:123456789012:alias/communique-tee-test-enclave';

/** Replaces KMS: an enclave that has this map can open every key in it. */
export type SimulatedKms = Map<string, EnclaveIdentity>;

const random = (length: number) => new Uint8Array(randomBytes(length));
export const nowSeconds = () => Math.floor(Date.now() / 1000);

export async function makeRecord(
  identity: EnclaveIdentity,
  attest: Attest,
  changes: Partial<SealedKeyCore> & Pick<SealedKeyCore, 'epoch' | 'pcr0'>,
): Promise<{ core: SealedKeyCore; record: Uint8Array }> {
  const created = nowSeconds();
  const core: SealedKeyCore = {
    v: 1,
    key_id: identity.keyId,
    custody: ALIAS,
    created,
    rotate_after: created + 86_400,
    destroy_after: created + 8 * 86_400,
    public_key: random(32),
    receipt_key: identity.receiptKey,
    data_key: random(180),
    ...changes,
  };
  const maker = await attest({ userData: encodeSealedKeyMaker(sha256(encodeSealedKeyCore(core))) });
  return { core, record: encodeSealedKey({ core, maker, nonce: random(24), sealed: random(48) }) };
}

/** An enclave that takes its keys from offers, as the real one does. It encrypts nothing. */
export class KeyedEnclave {
  readonly server: TestEnclave;
  /** Keys that are open, by id; the highest epoch is the current one. */
  readonly held = new Map<string, SealedKeyCore>();
  readonly offers: KeyOffer[] = [];
  relays = 0;
  proposal: { core: SealedKeyCore; record: Uint8Array } | null = null;
  wants: { credentials: boolean; secrets: string[] } = { credentials: true, secrets: [] };
  /** Keys up to this epoch are too old to seal to. */
  rotatedEpoch = 0;
  private readonly revoked = new Set<string>();
  kms: string | null = null;
  /** These replace the handlers of /keys and /messages. */
  onKeys: Behaviour | undefined;
  onRelay: Behaviour | undefined;
  /** The highest epoch offered for the enclave's image, whether or not the enclave opens that key. */
  private highestOffered = 0;
  /** The credentials in the last offer that it got. */
  credentials: HandedCredentials | null = null;

  constructor(
    path: string,
    private readonly simulatedKms: SimulatedKms,
    private attest: Attest,
    public pcr0: string,
    private readonly custody = ALIAS,
  ) {
    this.server = new TestEnclave({ kind: 'unix', path }, (request, response) => this.handle(request, response));
  }

  get current(): SealedKeyCore | undefined {
    return [...this.held.values()].sort((a, b) => b.epoch - a.epoch)[0];
  }

  get keyId(): string {
    return this.current === undefined ? 'none' : toHex(this.current.key_id);
  }

  /** Becomes an enclave of another image, without keys. */
  replaceImage(attest: Attest, pcr0: string): void {
    this.forget();
    this.attest = attest;
    this.pcr0 = pcr0;
  }

  /** Loses all keys, as at a restart. */
  forget(): void {
    this.held.clear();
    this.proposal = null;
    this.credentials = null;
  }

  private async handle(request: TestRequest, response: Parameters<Behaviour>[1]): Promise<void> {
    if (request.path === '/health') {
      answer(response, 200, 'application/json', JSON.stringify(enclaveHealth()));
    } else if (request.path === '/keys') {
      if (this.onKeys !== undefined) return this.onKeys(request, response);
      answer(response, 200, 'application/cbor', encodeKeyStatus(await this.exchange(decodeKeyOffer(request.body))));
    } else if (request.path === '/attestation') {
      const identity = this.simulatedKms.get(this.keyId);
      const nonce = request.query.get('nonce');
      if (identity === undefined) return problem('keys_not_ready', 5)(request, response);
      answer(
        response,
        200,
        'application/cose',
        await identity.document(nonce === null ? undefined : Buffer.from(nonce, 'hex')),
      );
    } else if (request.path !== '/messages') {
      return problem('not_found')(request, response);
    } else {
      this.relays++;
      if (this.onRelay !== undefined) return this.onRelay(request, response);
      if (this.held.size === 0) return problem('keys_not_ready', 1)(request, response);
      const key = toHex(decodeSealedMessage(request.body).keyId);
      const identity = this.simulatedKms.get(key);
      if (!this.held.has(key) || identity === undefined) return problem('key_retired')(request, response);
      answer(response, 200, 'application/cbor', await identity.encodedAnswer(request.body, ['accepted']));
    }
  }

  private async exchange(offer: KeyOffer): Promise<KeyStatus> {
    this.offers.push(offer);
    this.credentials = offer.credentials;
    const refused: KeyStatus['refused'] = [];
    for (const id of offer.revoked.map(toHex)) {
      this.revoked.add(id); // refused from now on, in every offer
      this.held.delete(id);
    }
    this.highestOffered = 0;
    for (const bytes of offer.records) {
      let core: SealedKeyCore;
      try {
        ({ core } = decodeSealedKey(bytes));
      } catch {
        refused.push({ key_id: null, code: 'malformed' });
        continue;
      }
      const id = toHex(core.key_id);
      if (toHex(core.pcr0) === this.pcr0) this.highestOffered = Math.max(this.highestOffered, core.epoch);
      if (toHex(core.pcr0) !== this.pcr0) refused.push({ key_id: core.key_id, code: 'other_image' });
      else if (this.revoked.has(id)) refused.push({ key_id: core.key_id, code: 'revoked' });
      else if (!this.simulatedKms.has(id)) refused.push({ key_id: core.key_id, code: 'kms_denied' });
      else if (offer.credentials !== null || this.held.has(id)) this.held.set(id, core);
    }
    if (this.proposal !== null && (this.current?.epoch ?? 0) >= this.proposal.core.epoch) this.proposal = null;
    if (offer.credentials !== null && (this.current?.epoch ?? 0) <= this.rotatedEpoch)
      this.proposal ??= await this.propose();
    return {
      custody: this.custody,
      state: this.held.size === 0 ? 'waiting' : 'ready',
      wants: this.wants,
      current: this.current?.key_id ?? null,
      held: [...this.held.values()].map((core) => core.key_id),
      proposal: this.proposal?.record ?? null,
      refused,
      refused_secrets: [],
      kms: this.kms,
    };
  }

  async propose(changes: Partial<SealedKeyCore> = {}): Promise<{ core: SealedKeyCore; record: Uint8Array }> {
    const identity = new EnclaveIdentity(this.attest, this.pcr0, this.custody);
    this.simulatedKms.set(toHex(identity.keyId), identity);
    return makeRecord(identity, this.attest, {
      epoch: Math.max(this.current?.epoch ?? 0, this.highestOffered) + 1,
      pcr0: new Uint8Array(Buffer.from(this.pcr0, 'hex')),
      custody: this.custody,
      ...changes,
    });
  }
}

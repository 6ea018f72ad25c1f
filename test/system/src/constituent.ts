import { prepareMessage, type EnclaveKey, type ListPath, type PreparedMessage } from '@communique-tee/client';
import { residenceProver, type Prove } from '@communique-tee/client/residence';
import { encodeEnvelope, fromHex, type CongressMessage } from '@communique-tee/protocol';
import { createHash, randomBytes } from 'node:crypto';
import type { ResidenceSettings } from './development-enclave';

export interface ConstituentOptions {
  /** The person's secret: a field element of 32 bytes. */
  readonly secret: Uint8Array;
  /** The registration that the registrar gave to the person. */
  readonly registration: Parameters<ReturnType<typeof residenceProver>['prepare']>[0]['registration'];
  readonly registrar: ResidenceSettings['registrar'];
  readonly prove: Prove;
}

/** A proven message that can be proven again before it is posted, as an attacker or a careful client might do. */
export interface ProvenMessage extends PreparedMessage {
  readonly proven: NonNullable<PreparedMessage['proven']>;
  /** Proves the same sealed message again, for another status secret if one is given. */
  again(statusSecret?: Uint8Array): Promise<ProvenMessage>;
}

export interface ProvenOptions {
  readonly id?: string;
  readonly lifetimeSeconds?: number;
  /** 32 bytes, by default random. A message that is sealed again keeps its status secret. */
  readonly statusSecret?: Uint8Array | undefined;
}

/** A registered person who prepares messages like the client library, but one step at a time. */
export class Constituent {
  private list: ListPath | undefined;

  constructor(private readonly options: ConstituentOptions) {}

  /** Seals the message for the campaign of this note and proves residence. The first call fetches the registrar's list. */
  async prepare(
    content: CongressMessage,
    key: EnclaveKey,
    campaignNote: string,
    { statusSecret: given, ...more }: ProvenOptions = {},
  ): Promise<ProvenMessage> {
    const { secret, registration, registrar, prove } = this.options;
    const prover = residenceProver(prove);
    const proof = await prover.prepare({
      secret,
      registration,
      campaignNote,
      list: this.list,
      files: () => Promise.resolve(registrar.filesUrl),
      attested: { registrar: registrar.id, keys: registrar.keys, maxCampaignDays: registrar.maxCampaignDays },
      nowSeconds: () => Date.now() / 1000,
      onState: (state) => {
        if (state.step === 'registry_read') this.list = state.list;
      },
    });
    const { campaign: campaignId, opening, nullifier, notAfterSeconds, rootNote } = proof;
    const { district, delivery, blinding } = opening;
    const prepared = prepareMessage(
      {
        ...content,
        campaignId,
        proof: {
          district,
          delivery: new Uint8Array(delivery),
          blinding: new Uint8Array(blinding),
          campaign: campaignNote,
        },
      },
      key,
      { ...more, nullifier, notAfterSeconds },
    );
    const proveFor = async (statusSecret: Uint8Array): Promise<ProvenMessage> => {
      const statusSha256 = new Uint8Array(createHash('sha256').update(statusSecret).digest());
      const made = await proof.prove(statusSha256, prepared.sealed);
      const verificationKeySha256 = fromHex(prover.verificationKeySha256);
      const residence = { ...made, statusSha256, rootNote, verificationKeySha256 };
      return {
        ...prepared,
        proven: { envelope: encodeEnvelope({ sealed: prepared.message, residence }), statusSecret },
        again: (other = statusSecret) => proveFor(other),
      };
    };
    return proveFor(given ?? new Uint8Array(randomBytes(32)));
  }
}

import type { Nsm } from '@communique-tee/nsm';
import {
  MAX_OFFERED_KEYS,
  ProtocolError,
  decodeSealedKey,
  type KeyStatus,
  type SealedKeyCore,
  type SealedKeyRecord,
} from '@communique-tee/protocol';
import { createHash } from 'node:crypto';
import { DocumentSource } from '../keys/document-source';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import { firstThenAll, type KmsSession } from '../kms';
import type { Log } from '../../runtime/log';
import { keyIdText } from '../keys/enclave-keys';
import type { KeyRing } from '../keys/key-ring';
import type { KeyRequirements } from './key-requirements';
import { checkRecord, openRecord } from './open-record';
import { Proposals } from './proposals';
import { KeyRefused } from './refusal';
import { RevokedKeys } from './revoked-keys';

type Refused = KeyStatus['refused'][number];

export interface Taken {
  refused: Refused[];
  /** The cores of refused records that could be decoded. Their content was not verified. */
  refusedCores: SealedKeyCore[];
}

/** Opens the key records of offers, one offer after the other, and puts their keys into the key ring. */
export class SealedKeys {
  readonly proposals: Proposals;
  private readonly revoked = new RevokedKeys();
  /** By key id: SHA-256 of the record that was opened, so that KMS is asked once for each record. */
  private readonly opened = new Map<string, string>();
  /** The refusals of the last offer, by record and code. A refusal that is repeated in the next offer is not logged again. */
  private lastRefusals = new Set<string>();

  constructor(
    private readonly requirements: KeyRequirements,
    private readonly ring: KeyRing,
    private readonly nsm: Nsm,
    private readonly clock: AnchoredClock,
    private readonly log: Log,
  ) {
    this.proposals = new Proposals(requirements, ring, nsm, clock, log);
  }

  revoke(keyIds: readonly Uint8Array[]): void {
    for (const keyId of keyIds) {
      this.revoked.add(keyId);
      this.ring.destroy(keyId, 'revoked');
    }
  }

  /** Opens every valid record. An invalid one is refused and does not affect the others. */
  async take(records: readonly Uint8Array[], session: KmsSession): Promise<Taken> {
    const refused: Refused[] = [];
    const refusedCores: SealedKeyCore[] = [];
    const refusals = new Set<string>();
    const offered = new Set(records.map(keyIdOfRecord));
    const judged = await firstThenAll(records, async (bytes) => {
      const sha256 = createHash('sha256').update(bytes).digest('base64');
      return { sha256, ...(await this.takeOne(bytes, sha256, session, offered)) };
    });
    for (const { sha256, refusal, core } of judged) {
      if (!refusal) continue;
      refused.push(refusal);
      if (core) refusedCores.push(core);
      const name = `${sha256} ${refusal.code}`;
      refusals.add(name);
      if (!this.lastRefusals.has(name))
        this.log.write('warn', 'key_refused', {
          code: refusal.code,
          ...(refusal.key_id && { keyId: keyIdText(refusal.key_id) }),
        });
    }
    this.lastRefusals = refusals;
    this.forgetDropped();
    return { refused, refusedCores };
  }

  private async takeOne(
    bytes: Uint8Array,
    sha256: string,
    session: KmsSession,
    offered: ReadonlySet<string>,
  ): Promise<{ refusal: Refused | null; core?: SealedKeyCore }> {
    let record: SealedKeyRecord;
    try {
      record = decodeSealedKey(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { refusal: { key_id: null, code: 'malformed' } };
    }
    const { core } = record;
    try {
      await this.open(record, sha256, session, offered);
      return { refusal: null, core };
    } catch (error) {
      if (!(error instanceof KeyRefused)) throw error;
      return { refusal: { key_id: core.key_id, code: error.code }, core };
    }
  }

  private async open(
    record: SealedKeyRecord,
    sha256: string,
    session: KmsSession,
    offered: ReadonlySet<string>,
  ): Promise<void> {
    const { core } = record;
    const id = keyIdText(core.key_id);
    const isHeld = this.ring.find(core.key_id) !== undefined;
    if (isHeld && this.opened.get(id) === sha256) return;
    await checkRecord(record, this.requirements, (keyId) => this.revoked.has(keyId), this.clock.nowMs());
    if (isHeld) throw new KeyRefused('tampered'); // a key is sealed only once, so a second record of it was altered
    const keys = await openRecord(record, this.requirements, session);
    // Meanwhile another record of this offer may have brought the same key into the ring
    if (this.ring.find(core.key_id) !== undefined) {
      if (this.opened.get(id) === sha256) return;
      throw new KeyRefused('tampered');
    }
    this.makeRoom(offered);
    this.opened.set(id, sha256);
    this.log.write('info', 'keys_opened', { keyId: id });
    const documents = new DocumentSource(this.nsm, keys, this.clock, this.requirements.configSha256);
    this.ring.take({ keys, documents, ...timesOf(core) });
  }

  /**
   * If the ring is full, drops the oldest key that this offer does not name. The gateway offers every key that it stores, so after a
   * restart the enclave could not get the dropped key anyway.
   */
  private makeRoom(offered: ReadonlySet<string>): void {
    const held = this.ring.held();
    if (held.length < MAX_OFFERED_KEYS) return;
    const oldest = held.findLast(({ keys }) => !offered.has(keyIdText(keys.keyId)));
    if (oldest) this.ring.destroy(oldest.keys.keyId, 'not_offered');
  }

  private forgetDropped(): void {
    const held = new Set(this.ring.held().map(({ keys }) => keyIdText(keys.keyId)));
    for (const id of this.opened.keys()) if (!held.has(id)) this.opened.delete(id);
  }
}

function timesOf({ epoch, rotate_after, destroy_after }: SealedKeyCore) {
  return { epoch, rotateAfterMs: rotate_after * 1000, destroyAfterMs: destroy_after * 1000 };
}

/** Returns '' for a record that cannot be decoded. */
function keyIdOfRecord(bytes: Uint8Array): string {
  try {
    return keyIdText(decodeSealedKey(bytes).core.key_id);
  } catch {
    return '';
  }
}

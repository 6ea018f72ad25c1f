import { NsmError, type Nsm } from '@communique-tee/nsm';
import type { SealedKeyCore } from '@communique-tee/protocol';
import type { AnchoredClock } from '../../clock/anchored-clock';
import { KmsUseless, type KmsSession } from '../../kms';
import type { Log } from '../../log/log';
import { keyIdText } from '../enclave-keys';
import type { KeyRing } from '../key-ring';
import type { Guardian } from './guardian';
import { makeRecord, type MadeRecord } from './make-record';
import type { KeyRefusal } from './refusal';

const MAX_EPOCH = 0xffff_ffff;

/**
 * When a new key is due, and the one that was made for it. Several enclaves may each make one: the gateway stores the first of an
 * epoch, and that is the one that comes back to all of them.
 */
export class Proposals {
  private made: MadeRecord | null = null;
  private highestEpoch = 0;
  /** Of this offer: a fresh key that KMS may open the next time, so that no other is needed. */
  private isOneToCome = false;

  constructor(
    private readonly guardian: Guardian,
    private readonly ring: KeyRing,
    private readonly nsm: Nsm,
    private readonly clock: AnchoredClock,
    private readonly log: Log,
  ) {}

  beginOffer(): void {
    this.isOneToCome = false;
  }

  /** A record that can be read: whatever becomes of it, its epoch is taken in the store. */
  saw(core: SealedKeyCore): void {
    if (!this.isOurs(core)) return;
    this.highestEpoch = Math.max(this.highestEpoch, core.epoch);
    if (this.made && core.epoch >= this.made.core.epoch) this.made = null;
  }

  refused({ rotate_after }: SealedKeyCore, code: KeyRefusal): void {
    const isForNow = (code.startsWith('kms_') && code !== 'kms_ciphertext_invalid') || code === 'nsm_failed';
    if (isForNow && this.clock.nowMs() < rotate_after * 1000) this.isOneToCome = true;
  }

  /** The key that is to be stored, made now where one is due and KMS can be had; null where none is due or can be made. */
  async proposal(session: KmsSession): Promise<Uint8Array | null> {
    if (!this.isDue()) this.made = null;
    else if (!this.made || this.clock.nowMs() >= this.made.core.rotate_after * 1000) this.made = await this.make(session);
    return this.made?.bytes ?? null;
  }

  private isDue(): boolean {
    const current = this.ring.current();
    return !this.isOneToCome && (!current || this.clock.nowMs() >= current.rotateAfterMs);
  }

  private async make(session: KmsSession): Promise<MadeRecord | null> {
    if (this.highestEpoch >= MAX_EPOCH) return null;
    try {
      const made = await makeRecord(this.highestEpoch + 1, this.guardian, this.nsm, this.clock, session);
      this.log.write('info', 'key_proposed', { keyId: keyIdText(made.core.key_id) });
      return made;
    } catch (error) {
      if (error instanceof KmsUseless) return null;
      if (!(error instanceof NsmError)) throw error;
      this.log.write('error', 'nsm_failed', { code: error.code });
      return null;
    }
  }

  private isOurs({ custody, pcr0 }: SealedKeyCore): boolean {
    return custody === this.guardian.custody && Buffer.compare(pcr0, this.guardian.pcr0) === 0;
  }
}

import { NsmError, type Nsm } from '@communique-tee/nsm';
import type { SealedKeyCore } from '@communique-tee/protocol';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import { KmsUseless, type KmsSession } from '../kms';
import type { Log } from '../../runtime/log';
import { keyIdText } from '../keys/enclave-keys';
import type { KeyRing } from '../keys/key-ring';
import type { Guardian } from './guardian';
import { makeRecord, type MadeRecord } from './make-record';

const MAX_EPOCH = 0xffff_ffff;

/**
 * When a new key is due, and the one that was made for it. Several enclaves may each make one: the gateway stores the first of an
 * epoch, and that is the one that comes back to all of them.
 */
export class Proposals {
  private made: MadeRecord | null = null;
  private highestEpoch = 0;

  constructor(
    private readonly guardian: Guardian,
    private readonly ring: KeyRing,
    private readonly nsm: Nsm,
    private readonly clock: AnchoredClock,
    private readonly log: Log,
  ) {}

  /** A record that can be read: whatever becomes of it, its epoch is taken in the store. */
  saw(core: SealedKeyCore): void {
    if (!this.isOurs(core)) return;
    this.highestEpoch = Math.max(this.highestEpoch, core.epoch);
    if (this.made && core.epoch >= this.made.core.epoch) this.made = null;
  }

  /**
   * The key that is to be stored, made now where one is due; null where none is due or can be made. While KMS fails to open what was
   * offered, the session asks it for nothing else either: there may be a fresh key among it.
   */
  async proposal(session: KmsSession): Promise<Uint8Array | null> {
    if (!this.isDue()) this.made = null;
    else if (!this.made || this.clock.nowMs() >= this.made.core.rotate_after * 1000)
      this.made = await this.make(session);
    return this.made?.bytes ?? null;
  }

  private isDue(): boolean {
    const current = this.ring.current();
    return !current || this.clock.nowMs() >= current.rotateAfterMs;
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

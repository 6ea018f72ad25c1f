import { NsmError, type Nsm } from '@communique-tee/nsm';
import type { SealedKeyCore } from '@communique-tee/protocol';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import { KmsUnavailableError, type KmsSession } from '../kms';
import type { Log } from '../../runtime/log';
import { keyIdText } from '../keys/enclave-keys';
import type { KeyRing } from '../keys/key-ring';
import type { KeyRequirements } from './key-requirements';
import { makeRecord, type MadeRecord } from './make-record';

const MAX_EPOCH = 0xffff_ffff;

/**
 * Decides when a new key is needed, and remembers the key record made for it. Several enclaves may each make one for the same epoch: the
 * gateway stores the first and offers it to all of them.
 */
export class Proposals {
  private made: MadeRecord | null = null;

  constructor(
    private readonly requirements: KeyRequirements,
    private readonly ring: KeyRing,
    private readonly nsm: Nsm,
    private readonly clock: AnchoredClock,
    private readonly log: Log,
  ) {}

  /**
   * Returns the key record for the gateway to store; null if no key is needed or none can be made. Makes no key after KMS failed in this
   * session, because the current key may be among the records that KMS did not open.
   *
   * @param refused the offered records that this enclave refused. If a record names this custody and PCR0, the proposal skips its epoch,
   * because the gateway stores only one record for each epoch.
   */
  async proposal(session: KmsSession, refused: readonly SealedKeyCore[]): Promise<Uint8Array | null> {
    if (!this.ring.isRotationDue()) {
      this.made = null;
      return null;
    }
    const taken = new Set(refused.filter((core) => this.isOurs(core)).map(({ epoch }) => epoch));
    const highest = this.ring.current()?.epoch ?? 0;
    const isOutdated =
      !this.made ||
      this.made.core.epoch <= highest ||
      taken.has(this.made.core.epoch) ||
      this.clock.nowMs() >= this.made.core.rotate_after * 1000;
    if (isOutdated) {
      let epoch = highest + 1;
      while (taken.has(epoch)) epoch++;
      this.made = await this.make(epoch, session);
    }
    return this.made?.bytes ?? null;
  }

  private async make(epoch: number, session: KmsSession): Promise<MadeRecord | null> {
    if (epoch > MAX_EPOCH) return null;
    try {
      const made = await makeRecord(epoch, this.requirements, this.nsm, this.clock, session);
      this.log.write('info', 'key_proposed', { keyId: keyIdText(made.core.key_id) });
      return made;
    } catch (error) {
      if (error instanceof KmsUnavailableError) return null;
      if (!(error instanceof NsmError)) throw error;
      this.log.write('error', 'nsm_failed', { code: error.code });
      return null;
    }
  }

  private isOurs({ custody, pcr0 }: SealedKeyCore): boolean {
    return custody === this.requirements.custody && Buffer.compare(pcr0, this.requirements.pcr0) === 0;
  }
}

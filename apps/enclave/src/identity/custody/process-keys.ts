import type { Nsm } from '@communique-tee/nsm';
import { MAX_OFFERED_KEYS, PROCESS_CUSTODY } from '@communique-tee/protocol';
import type { AnchoredClock } from '../../runtime/anchored-clock';
import type { Log } from '../../runtime/log';
import { DocumentSource } from '../keys/document-source';
import { createKeySecret, deriveEnclaveKeys, keyIdText } from '../keys/enclave-keys';
import type { KeyRing } from '../keys/key-ring';
import type { KeyTimes } from './custody-config';

export interface ProcessKeysParts {
  readonly ring: KeyRing;
  readonly nsm: Nsm;
  readonly clock: AnchoredClock;
  readonly log: Log;
  readonly times: KeyTimes;
  readonly legacySuite: boolean;
  /** Hash of the public configuration, 32 bytes. */
  readonly configSha256: Uint8Array;
}

/**
 * Makes the keys of custody `process` without the parent's help, and keeps them only in memory. The attested clock decides when a new key is
 * due.
 */
export class ProcessKeys {
  private epoch = 0;

  constructor(private readonly parts: ProcessKeysParts) {}

  /**
   * Makes a key if there is none or the current one is due for rotation. Makes none if the key ring is full (32 keys).
   * @throws NsmError if the NSM gives no entropy or document; the key ring does not change
   */
  async rotateIfDue(): Promise<void> {
    const { ring, nsm, clock, log, times, legacySuite, configSha256 } = this.parts;
    if (!ring.isRotationDue() || ring.held().length >= MAX_OFFERED_KEYS) return;
    const secret = await createKeySecret(nsm);
    const keys = deriveEnclaveKeys(secret, PROCESS_CUSTODY, legacySuite);
    secret.fill(0);
    const documents = new DocumentSource(nsm, keys, clock, configSha256);
    // Fails now if the NSM makes no document, because the key could not sign receipts without one
    await documents.forReceipt();
    const rotateAfterMs = clock.nowMs() + times.rotateAfterSeconds * 1000;
    const destroyAfterMs = rotateAfterMs + times.keepSeconds * 1000;
    ring.take({ keys, documents, epoch: ++this.epoch, rotateAfterMs, destroyAfterMs });
    log.write('info', 'key_made', { keyId: keyIdText(keys.keyId) });
    ring.sayIfRotated();
  }
}

import type { DocumentSource } from './document-source';
import type { Clock } from '../../runtime/clock';
import { ProblemError } from '../../runtime/problem-error';
import type { Log } from '../../runtime/log';
import { keyIdText, type EnclaveKeys } from './enclave-keys';

/** The key pairs that are derived from one secret, and the attestation documents that name them. */
export interface HeldKey {
  keys: EnclaveKeys;
  documents: DocumentSource;
  /** From 1. The key with the highest epoch is the current one. */
  epoch: number;
  /** From this attested time on, a new key should replace this one as the current key. */
  rotateAfterMs: number;
  /** From this attested time on, the key opens no message. */
  destroyAfterMs: number;
}

/** Retry-After while the ring has no key. The gateway's next offer should bring one within this time. */
const RETRY_AFTER_SECONDS = 5;

/** The keys that open messages. Each use of the ring drops expired keys, and a timer does so every minute. */
export class KeyRing {
  private readonly keys = new Map<string, HeldKey>();
  private lastCurrent: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly onDrop: () => void = () => undefined,
  ) {}

  take(key: HeldKey): void {
    this.keys.set(keyIdText(key.keys.keyId), key);
  }

  find(keyId: Uint8Array): HeldKey | undefined {
    this.destroyExpired();
    return this.keys.get(keyIdText(keyId));
  }

  /** Finds a key by the id of its legacy key pair, which opens only messages of the legacy suite. */
  findLegacy(keyId: Uint8Array): HeldKey | undefined {
    this.destroyExpired();
    const id = keyIdText(keyId);
    return [...this.keys.values()].find(({ keys: { legacy } }) => legacy && keyIdText(legacy.keyId) === id);
  }

  /** The key that attestation documents name. */
  current(): HeldKey | undefined {
    return this.held()[0];
  }

  /** @throws ProblemError `keys_not_ready` */
  currentOrNotReady(): HeldKey {
    const current = this.current();
    if (!current) throw new ProblemError('keys_not_ready', { retryAfterSeconds: RETRY_AFTER_SECONDS });
    return current;
  }

  /** Whether there is no key, or clients should no longer seal to the current one. */
  isRotationDue(): boolean {
    const current = this.current();
    return !current || this.clock.nowMs() >= current.rotateAfterMs;
  }

  /** All held keys, the current one first. Keys of one epoch have the same order in every enclave. */
  held(): HeldKey[] {
    this.destroyExpired();
    return this.sorted();
  }

  /**
   * Logs `key_rotated` if the current key changed since the last call. Call this once for each offer, because one offer can bring the keys
   * of many days.
   */
  sayIfRotated(): void {
    const current = this.current();
    const id = current && keyIdText(current.keys.keyId);
    if (id !== undefined && this.lastCurrent !== undefined && id !== this.lastCurrent)
      this.log.write('info', 'key_rotated', { keyId: id });
    this.lastCurrent = id ?? this.lastCurrent;
  }

  destroy(keyId: Uint8Array, code: 'revoked' | 'not_offered'): void {
    if (this.keys.has(keyIdText(keyId))) this.drop(keyIdText(keyId), code);
  }

  destroyExpired(): void {
    if (this.keys.size === 0) return;
    const nowMs = this.clock.nowMs();
    for (const [id, { destroyAfterMs }] of this.keys) if (nowMs >= destroyAfterMs) this.drop(id, 'expired');
  }

  /** Only requests in progress still have the key. OpenSSL wipes the private key when the key object is garbage-collected. */
  private drop(id: string, code: 'revoked' | 'not_offered' | 'expired'): void {
    this.keys.delete(id);
    this.log.write('warn', 'key_destroyed', { keyId: id, code });
    this.onDrop();
  }

  private sorted(): HeldKey[] {
    return [...this.keys.values()].sort((a, b) => b.epoch - a.epoch || Buffer.compare(a.keys.keyId, b.keys.keyId));
  }
}

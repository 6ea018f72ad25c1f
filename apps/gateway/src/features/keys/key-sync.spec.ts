import type { EnclaveMonitor } from '../attestation/enclave-monitor';
import type { EnclaveResult } from '../enclave/enclave-result';
import { Logger } from '../../core/telemetry/logger';
import { KeySync, type KeySyncParts } from './key-sync';

const INTERVAL_MS = 15_000;

describe('the next exchange of keys', () => {
  let exchanges: number;
  let next: EnclaveResult<'unsupported'>;
  let sync: KeySync;

  beforeEach(() => {
    jest.useFakeTimers();
    exchanges = 0;
    const enclave: Partial<EnclaveMonitor> = {
      index: 0,
      onMet: () => undefined,
      noteKeys: () => undefined,
      client: {
        keys: () => {
          exchanges += 1;
          return Promise.resolve(next);
        },
      } as unknown as EnclaveMonitor['client'],
    };
    const parts: Partial<KeySyncParts> = {
      intervalMs: INTERVAL_MS,
      logger: new Logger({ log: { level: 'silent' } }, { write: () => undefined }),
    };
    sync = new KeySync(enclave as EnclaveMonitor, parts as KeySyncParts);
  });
  afterEach(async () => {
    await sync.stop();
    jest.useRealTimers();
  });

  it('follows one second after an exchange without an answer, because the enclave may have been restarted', async () => {
    next = { kind: 'unreachable', sent: true, code: 'ECONNRESET' };
    await sync.syncNow();
    await jest.advanceTimersByTimeAsync(999);
    expect(exchanges).toBe(1);
    next = { kind: 'answer', answer: 'unsupported' };
    await jest.advanceTimersByTimeAsync(1);
    expect(exchanges).toBe(2);
    await jest.advanceTimersByTimeAsync(INTERVAL_MS - 1);
    expect(exchanges).toBe(2);
    await jest.advanceTimersByTimeAsync(1);
    expect(exchanges).toBe(3);
  });
});

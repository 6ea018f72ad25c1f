import { setTimeout as sleep } from 'node:timers/promises';
import { EnclaveClient } from '@communique-tee/gateway/features/enclave/enclave-client';

/** Requests an attestation document every `betweenMs` until the enclave answers with one. @throws the signal's reason */
export async function firstDocument(address: string, betweenMs: number, signal: AbortSignal): Promise<void> {
  const client = new EnclaveClient({ address, timeoutMs: 5000 });
  try {
    while ((await client.attestation()).kind !== 'answer') {
      signal.throwIfAborted();
      await sleep(betweenMs);
    }
  } finally {
    client.close();
  }
}

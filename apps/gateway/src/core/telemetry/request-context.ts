import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const storage = new AsyncLocalStorage<string | undefined>();

/** Runs `work`. Log lines of everything that it starts carry this request id. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return storage.run(requestId, work);
}

/** Runs `work` outside of any request. */
export function withoutRequestId<T>(work: () => T): T {
  return storage.run(undefined, work);
}

export function currentRequestId(): string | undefined {
  return storage.getStore();
}

/**
 * The header that correlates the enclave's log with the gateway's. Its value is always a UUID that the gateway made, so no client value
 * reaches the enclave's log.
 */
export function requestIdHeader(): { readonly 'x-request-id': string } {
  return { 'x-request-id': currentRequestId() ?? randomUUID() };
}

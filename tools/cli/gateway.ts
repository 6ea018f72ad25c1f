import { fetchEnclaveKey, type EnclaveKey, type TrustPolicy } from '@communique-tee/client';
import { endingOf } from './exit-of';
import { Failure, messageOf } from './failure';

/** What fetch itself throws where there is no answer has no code of its own. @throws Failure `unreachable`, and what `ask` throws with a code */
export async function reaching<T>(gateway: URL, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (endingOf(error) !== undefined || !isNetworkError(error)) throw error;
    throw new Failure('unreachable', `${gateway.host} did not answer: ${messageOf(error)}`, error);
  }
}

/** By name: fetch may come from another realm than these classes. */
function isNetworkError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('name' in error) || !('message' in error)) return false;
  return (
    (error.name === 'TypeError' && (error.message === 'fetch failed' || error.message === 'terminated')) ||
    error.name === 'TimeoutError' ||
    error.name === 'AbortError'
  );
}

/** Asked for and verified now. @throws AttestationError, ClientError, Failure `unreachable` */
export function attestedKey(gateway: URL, policy: TrustPolicy): Promise<EnclaveKey> {
  return reaching(gateway, () => fetchEnclaveKey(gateway, policy));
}

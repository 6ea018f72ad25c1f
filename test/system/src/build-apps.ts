import { appBundle } from '@communique-tee/testing/harness';
import { join } from 'node:path';

/** Bundles the enclave's development entry and the gateway, as `nx build` does, and returns the paths of the bundles. */
export async function buildApps(): Promise<{ enclave: string; gateway: string }> {
  const [enclave, gateway] = await Promise.all([appBundle('enclave --dev'), appBundle('gateway')]);
  return { enclave: join(enclave, 'main.dev.js'), gateway: join(gateway, 'main.js') };
}

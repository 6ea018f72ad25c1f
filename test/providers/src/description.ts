import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SIMULATED_PROVIDERS } from './models';
import type { SimulatedProviders } from './simulator';

/**
 * Writes what an enclave's development configuration reads (`providersSimulator`): addresses, keys and the authority's file, readable only
 * by their owner. `folder` is the one that the simulator was started with. Returns the file.
 */
export async function describeProviders(providers: SimulatedProviders, folder: string): Promise<string> {
  const described = {
    ...Object.fromEntries(
      SIMULATED_PROVIDERS.map((provider) => {
        const { origin, apiKey, organization } = providers[provider];
        return [provider, { origin, apiKey, ...(provider === 'openai' ? { organization } : {}) }];
      }),
    ),
    controlUrl: providers.controlUrl,
    certificateAuthority: join(folder, 'ca.pem'),
  };
  const file = join(folder, 'providers.json');
  await writeFile(file, `${JSON.stringify(described, null, 2)}\n`, { mode: 0o600 });
  return file;
}

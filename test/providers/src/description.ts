import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SIMULATED_PROVIDERS } from './models';
import type { SimulatedProviders } from './simulator';

/**
 * Writes the file that an enclave's development configuration reads (`providersSimulator`): addresses, API keys and the path of the
 * authority's certificate. Only the file's owner can read it.
 * @param folder with which the simulator was started
 * @returns the file's path
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

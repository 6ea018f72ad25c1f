import { startTestRegistrar, type TestRegistrar } from '@communique-tee/test-registrar';
import { temporaryFolder } from '@communique-tee/testing/harness';
import { writeFile } from 'node:fs/promises';
import { startPageSystem, type PageSystem } from './page-system';

/** The template that the system publishes. */
export const TEXT = {
  slug: 'city-parks',
  title: 'Keep our parks open',
  language: 'en',
  topics: ['Energy'],
  subject: 'Please fund our parks',
  body: 'Please fund the parks of our district.',
  officeScope: ['house', 'senate'],
  campaignId: 'parks-2026',
};

/** A system that accepts proofs, with a registrar of made-up people and one published campaign. */
export interface ResidencePageSystem extends PageSystem {
  readonly registrar: TestRegistrar;
}

export async function startResidencePageSystem(
  referenceString: Uint8Array,
  mode: 'optional' | 'required',
): Promise<ResidencePageSystem> {
  const stops = new AsyncDisposableStack();
  const stop = () => stops.disposeAsync();
  try {
    const folder = await temporaryFolder('residence');
    stops.defer(() => folder.remove());
    await writeFile(folder.file('reference-string'), referenceString);
    const registrar = await startTestRegistrar({ folder: folder.file('registrar'), people: 20 });
    stops.defer(() => registrar.stop());
    const on = await startPageSystem({
      gatewayEnvironment: { RESIDENCE_REFERENCE_STRING_FILE: folder.file('reference-string') },
      residence: { mode, registrar },
      backForwardCache: true,
    });
    stops.defer(() => on.stop());
    await publish(on, { ...TEXT, campaignNote: registrar.openCampaign(TEXT.campaignId) });
    return { ...on, registrar, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function publish(
  { system }: PageSystem,
  template: typeof TEXT & { readonly campaignNote: string },
): Promise<void> {
  const token = await system.issuer.token('administrator', 3600, 'communique:admin');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const ask = async (method: string, path: string, body: unknown) => {
    const response = await fetch(`${system.gatewayUrl}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as { id: string };
  };
  const { id } = await ask('POST', '/api/templates', template);
  await ask('PATCH', `/api/templates/${id}`, { version: 1, status: 'published' });
}

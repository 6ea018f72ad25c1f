// The place in step 2 where a model helps with the text. The code that asks a model loads only if the enclave attests models.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { trust } from '../trust/trust';

type Loaded = typeof import('./loaded');
const part = signal<Loaded | undefined>(undefined);

/** Shows the help below the message. Renders nothing if the enclave attests no models, or the gateway takes no tasks for them. */
export function AgentPlace() {
  const attested = trust.value.kind === 'verified' && trust.value.key.configuration?.services.agents !== undefined;
  useEffect(() => {
    // If this part cannot be loaded, the person writes without help. The page tries again when it next shows step 2
    if (attested) load().catch(() => undefined);
  }, [attested]);
  return attested && part.value !== undefined ? <part.value.AgentHelp /> : null;
}

async function load(): Promise<void> {
  const loaded = await import('./loaded');
  await loaded.look();
  part.value = loaded;
}

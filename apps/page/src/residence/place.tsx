// The proof of residence in step 3. The code that makes the proof is loaded only when it is needed.
import type { ResidenceOptions } from '@communique-tee/client';
import { computed, effect, signal } from '@preact/signals';
import { text, usePartTexts } from '../text/text';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { attestedResidence, canProve, proves } from './choice';

type Loaded = typeof import('./loaded');
const part = signal<Loaded | 'failed' | undefined>(undefined);

/** Why the proof cannot be made yet; each has a sentence in the catalogue (`write.review.reasons`). */
export type ProofObstacle = 'noProofsHere' | 'campaignNote' | 'proof' | 'districtEnded' | 'otherOffices';

export const proofObstacle = computed((): ProofObstacle | null => {
  if (!proves.value) return null;
  if (!canProve.value) return 'noProofsHere';
  return typeof part.value === 'object' ? part.value.obstacle.value : 'proof';
});

/** Returns the options for `send`; undefined without a proof. Call it only when there is no obstacle. */
export function residenceOptions(): ResidenceOptions | undefined {
  return proves.value && typeof part.value === 'object' ? part.value.optionsNow() : undefined;
}

/** Call it once, when the page starts. */
export function startResidence(): void {
  effect(() => {
    if (proves.value && canProve.value) void load();
  });
}

async function load(): Promise<void> {
  if (typeof part.peek() === 'object') return;
  try {
    const loaded = await import('./loaded');
    await Promise.all([loaded.look(), usePartTexts('residence')]);
    part.value = loaded;
  } catch {
    part.value = 'failed';
  }
}

/** Shown in step 3 if the message is sent with a proof. */
export function ResidencePlace() {
  const residence = attestedResidence.value;
  if (residence === null || !proves.value) return null;
  const words = text.value.write.residence;
  return (
    <Card labelledBy="residence-title" class="residence">
      <h3 id="residence-title">{words.title}</h3>
      <p>{residence.mode === 'optional' ? words.whyOptional : words.why}</p>
      {canProve.value ? <Part registrar={residence.registrar} /> : <p class="warning">{words.noProofsHere}</p>}
    </Card>
  );
}

function Part({ registrar }: { readonly registrar: string }) {
  const words = text.value.write.residence;
  const { value: loaded } = part;
  if (loaded === undefined) return <p role="status">{words.loading}</p>;
  if (loaded !== 'failed') return <loaded.ResidenceStep registrar={registrar} />;
  return (
    <>
      <p role="alert">{words.notLoaded}</p>
      <Button kind="quiet" onClick={() => void load()}>
        {words.again}
      </Button>
    </>
  );
}

// Whether the message takes a proof of residence, and what is in its way. Small: what makes the proof is loaded where it is needed.
import type { ResidenceOptions } from '@communique-tee/client';
import { computed, effect, signal } from '@preact/signals';
import { text } from '../text/text';
import { trust } from '../trust/trust';
import { Button } from '../ui/button';
import { CheckBox } from '../ui/radio-group';
import { Card } from '../ui/card';

type Loaded = typeof import('./loaded');
const part = signal<Loaded | 'failed' | undefined>(undefined);

/** What the enclave attests of proofs; null where it takes none, or is not verified. */
export const attestedResidence = computed(() => {
  const residence = trust.value.kind === 'verified' ? trust.value.key.configuration?.residence : undefined;
  return residence === undefined || residence.mode === 'off' ? null : residence;
});

/** The person's choice where a proof is optional. */
const wanted = signal(false);

/** Whether this message is sent with a proof, and so without a sign-in. */
export const proves = computed(() => {
  const residence = attestedResidence.value;
  return residence !== null && (residence.mode === 'required' || wanted.value);
});

/** Why the proof cannot be made yet; each has a sentence in the catalogue (`write.review.reasons`). */
export type ProofObstacle = 'campaignNote' | 'proof' | 'districtEnded' | 'otherOffices';

export const proofObstacle = computed((): ProofObstacle | null => {
  if (!proves.value) return null;
  return typeof part.value === 'object' ? part.value.obstacle.value : 'proof';
});

/** For `send`; undefined without a proof. Call it while nothing is in the way. */
export function residenceOptions(): ResidenceOptions | undefined {
  return proves.value && typeof part.value === 'object' ? part.value.optionsNow() : undefined;
}

/** Call it once. */
export function startResidence(): void {
  effect(() => {
    if (proves.value) void load();
  });
}

async function load(): Promise<void> {
  if (typeof part.peek() === 'object') return;
  try {
    const loaded = await import('./loaded');
    await loaded.identity.look();
    part.value = loaded;
  } catch {
    part.value = 'failed';
  }
}

/** In step 3: the proof of residence, where the enclave takes one. */
export function ResidencePlace() {
  const residence = attestedResidence.value;
  if (residence === null) return null;
  const words = text.value.write.residence;
  const { value: loaded } = part;
  return (
    <Card labelledBy="residence-title" class="residence">
      <h3 id="residence-title">{words.title}</h3>
      <p>{residence.mode === 'optional' ? words.whyOptional : words.why}</p>
      {residence.mode === 'optional' && (
        <CheckBox
          label={words.use}
          checked={wanted.value}
          onInput={(checked) => {
            wanted.value = checked;
          }}
        />
      )}
      {proves.value && loaded === undefined && <p role="status">{words.loading}</p>}
      {proves.value && loaded === 'failed' && (
        <>
          <p role="alert">{words.notLoaded}</p>
          <Button kind="quiet" onClick={() => void load()}>
            {words.again}
          </Button>
        </>
      )}
      {proves.value && typeof loaded === 'object' && <loaded.ResidenceStep registrar={residence.registrar} />}
    </Card>
  );
}

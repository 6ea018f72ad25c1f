import { useState } from 'preact/hooks';
import { TokenField } from '../sign-in/token-field';
import { text } from '../text/text';
import { trust } from '../trust/trust';
import { Button } from '../ui/button';
import { Details } from '../ui/details';
import { currentMessage } from './form';
import { FormText } from './form-fields';
import type { SealedMessage } from './sealed-view';

/** For developers only: entering a campaign id or a token, and sealing without sending. */
export function Developers() {
  const { developers } = text.value.write;
  const [sealed, setSealed] = useState<SealedMessage | 'not_ready' | undefined>(undefined);
  return (
    <Details summary={developers.title}>
      <div class="fields">
        <FormText name="campaignId" width="half" />
      </div>
      <TokenField />
      <div class="buttons">
        <Button
          kind="quiet"
          describedBy="seal-only-hint"
          onClick={() => {
            void sealOnly().then(setSealed);
          }}
        >
          {developers.sealOnly}
        </Button>
      </div>
      <p class="hint" id="seal-only-hint">
        {developers.sealOnlyHint}
      </p>
      <p role="status">{sealed !== undefined && (sealed === 'not_ready' ? developers.notYet : developers.sealed)}</p>
      {typeof sealed === 'object' && <sealed.View />}
    </Details>
  );
}

/** Seals the current message, unless it has an error or the enclave is not verified. */
async function sealOnly(): Promise<SealedMessage | 'not_ready'> {
  const message = currentMessage();
  if (message === null || trust.value.kind !== 'verified') return 'not_ready';
  const { key } = trust.value;
  const { seal } = await import('./sealed-view');
  return seal(message, key);
}

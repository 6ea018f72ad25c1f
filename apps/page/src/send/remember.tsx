import { fill, text } from '../text/text';
import { instant } from '../format';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { CheckBox } from '../ui/radio-group';
import { MAX_KEPT } from './kept';
import { trust } from '../trust/trust';
import { followable, forget, store } from './sending';

/** The person's choice whether this device keeps data to follow the message. */
export function RememberChoice() {
  const { remember } = text.value.send;
  const state = store.remembered.value;
  const says = store.remember.value && state !== 'no' ? state : undefined;
  return (
    <div class="remember">
      <CheckBox
        label={remember.label}
        checked={store.remember.value}
        onInput={(wanted) => {
          store.setRemember(wanted);
        }}
      />
      <p class="hint">{remember.hint}</p>
      <p role="status" class={says === 'yes' ? 'note' : 'warning'}>
        {says !== undefined && fill(remember[says], { count: MAX_KEPT })}
      </p>
    </div>
  );
}

/** The kept messages of earlier visits. */
export function KeptMessages() {
  const words = text.value.send.kept;
  if (store.sending.value.kind !== 'idle' || followable.value.length === 0) return null;
  return (
    <Card class="kept" labelledBy="kept-title">
      <h2 id="kept-title">{words.title}</h2>
      <ul>
        {followable.value.map((entry) => {
          const time = instant(entry.keptAtMs);
          return (
            <li key={entry.kept.id}>
              <Button
                busy={trust.value.kind === 'checking'}
                onClick={() => {
                  store.resume(entry);
                }}
              >
                {fill(words.follow, { time })}
              </Button>
              <Button
                kind="quiet"
                label={fill(words.forget, { time })}
                onClick={() => {
                  forget(entry);
                }}
              >
                {words.forgetShort}
              </Button>
            </li>
          );
        })}
      </ul>
      <p class="hint">{words.hint}</p>
    </Card>
  );
}

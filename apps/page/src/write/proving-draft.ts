// A phone that is short of memory may end the page during a proof. So the tab keeps the draft until the message is sealed.
import { effect, signal } from '@preact/signals';
import { store } from '../send/sending';
import { keepInTab, keptInTab } from '../tab';
import { dropDraft, saveDraft } from './draft';

const KEY = 'communique-tee proving';

const lost = signal(keptInTab(KEY) !== undefined);
/** Whether the page was loaded again while it made a proof. In that case the message was not sent. */
export const wasProving = lost;

/** Call it once, after the draft was restored. */
export function keepDraftWhileProving(): void {
  keepInTab(KEY, undefined);
  let isKept = false;
  effect(() => {
    const sending = store.sending.value;
    const proves = sending.kind === 'under_way' && ['reading_list', 'proving'].includes(sending.way.activity);
    if (proves && !isKept) {
      lost.value = false;
      isKept = saveDraft();
      if (isKept) keepInTab(KEY, 'yes');
    } else if (isKept && (sending.kind !== 'under_way' || sending.way.id !== undefined)) {
      // The sealed message may be posted from now on, so its draft must not reappear as an unsent message
      isKept = false;
      dropDraft();
      keepInTab(KEY, undefined);
    }
  });
}

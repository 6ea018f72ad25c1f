// A browser may end the page while it proves; phones do if memory is short. So the tab keeps what was entered until the message is sealed.
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
      // The message is sealed and soon posted, and one that may have been sent must not reappear as unsent
      isKept = false;
      dropDraft();
      keepInTab(KEY, undefined);
    }
  });
}

import { effect } from '@preact/signals';
import { followLink, link } from '../link';
import { loadClient, store } from '../send/sending';
import { start } from '../ui/layout';
import { restoreDraft, wouldLoseContent } from './draft';
import { hasContent, problemsOf, values } from './form';
import { startSigningIn } from './signing-in';
import { startSteps, step } from './steps';
import { WritePage } from './write-page';

startSigningIn();
followLink();
startSteps(restoreDraft() ?? 'address', (step) => problemsOf(step).length === 0);
effect(() => {
  const { campaign } = link.value;
  if (campaign !== undefined) values.campaignId.value = campaign;
});
// Back from the identity provider by the Back button: the browser may show this page as it was, and the draft is not needed
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) restoreDraft();
});
function warn(event: BeforeUnloadEvent): void {
  // Once it is on its way, the card for it warns
  const { kind } = store.sending.value;
  if ((kind === 'idle' || kind === 'failed') && wouldLoseContent()) event.preventDefault();
}
effect(() => {
  // Not always: browsers keep no page in memory for their Back button that listens to this event
  if (hasContent()) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
});
effect(() => {
  // Before the review, so that Send works at once
  if (step.value !== 'address') loadClient().catch(() => undefined);
});
void start('write', () => <WritePage />);

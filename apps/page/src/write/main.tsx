import { store } from '../send/sending';
import { start } from '../ui/layout';
import { restoreDraft, wouldLoseContent } from './draft';
import { problemsOf, values } from './form';
import { startSteps } from './steps';
import { WritePage } from './write-page';

values.campaignId.value = new URLSearchParams(location.hash.slice(1)).get('campaign') ?? '';
startSteps(restoreDraft() ?? 'address', (step) => problemsOf(step).length === 0);
// Back from the identity provider by the Back button: the browser may show this page as it was, and the draft is not needed
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) restoreDraft();
});
addEventListener('beforeunload', (event) => {
  // Once it is on its way, the card for it warns
  const { kind } = store.sending.value;
  if ((kind === 'idle' || kind === 'failed') && wouldLoseContent()) event.preventDefault();
});
void start('write', () => <WritePage />);

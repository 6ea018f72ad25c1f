import { effect } from '@preact/signals';
import { loadClient, store, takeTokensFrom } from '../send/sending';
import { start } from '../ui/layout';
import { restoreDraft, wouldLoseContent } from './draft';
import { problemsOf, values } from './form';
import { startSteps, step } from './steps';
import { developerToken } from './token';
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
takeTokensFrom(() => developerToken.value.trim());
effect(() => {
  // Before the review, so that Send works at once
  if (step.value !== 'address') loadClient().catch(() => undefined);
});
void start('write', () => <WritePage />);

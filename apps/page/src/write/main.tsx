import { effect, untracked } from '@preact/signals';
import { link } from '../link';
import { loadClient, store } from '../send/sending';
import { startResidence } from '../residence/place';
import { loadPublished, started } from '../templates/published';
import { start } from '../ui/layout';
import { restoreDraft, closingLosesContent } from './draft';
import { hasContent, problemsOf, values } from './form';
import { keepDraftForReturn, leavesPage } from './leaving';
import { keepDraftWhileProving } from './proving-draft';
import { startSigningIn } from './signing-in';
import { startSteps, step } from './steps';
import { startFrom } from './template';
import { WritePage } from './write-page';

startSigningIn();
startSteps(restoreDraft() ?? 'address', (step) => problemsOf(step).length === 0);
effect(() => {
  const campaign = started.value?.campaignId ?? link.value.campaign;
  if (campaign !== undefined) values.campaignId.value = campaign;
});
effect(() => {
  const template = started.value;
  if (template !== undefined) untracked(() => startFrom(template));
});
void loadPublished();
startResidence();
keepDraftWhileProving();
// After the Back button the browser may show this page as it was. Then remove the draft, because the form still has its content
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) restoreDraft();
});
function warn(event: BeforeUnloadEvent): void {
  // Once the message is on its way, its card warns
  const { kind } = store.sending.value;
  if ((kind === 'idle' || kind === 'failed') && closingLosesContent()) event.preventDefault();
}
// Runs after the link's own handler, which may prevent leaving the page
addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (link === null || event.defaultPrevented || !isPlain || link.target !== '' || link.hasAttribute('download'))
    return;
  // A message that is under way, or may have been sent, is not put back into the form as if it were new
  const { kind } = store.sending.value;
  if (kind === 'idle' && hasContent() && leavesPage(link.href, location.href)) keepDraftForReturn();
});
effect(() => {
  // Only with content, because browsers do not keep a page with this listener in memory for the Back button
  if (hasContent()) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
});
effect(() => {
  // Load the client before the review, so that Send works at once
  if (step.value !== 'address') loadClient().catch(() => undefined);
});
void start('write', () => <WritePage />);

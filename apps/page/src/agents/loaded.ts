// This part of the page is loaded only if the enclave attests models.
import { usePartTexts } from '../text/text';
import { refreshOffer } from './offer';

export { AgentHelp } from './help-view';

/** Fetches the data needed before the help is shown. */
export async function look(): Promise<void> {
  await Promise.all([usePartTexts('agents'), refreshOffer()]);
}

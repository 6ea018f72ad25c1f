// The one instance of the help with the text, connected to this page's form, sign-in and client.
import { effect } from '@preact/signals';
import { loadClient, store } from '../send/sending';
import { signIn } from '../sign-in/sign-in';
import { keepInTab, keptInTab } from '../tab';
import { policy } from '../trust/trust';
import { values } from '../write/form';
import { beforeSignIn } from '../write/signing-in';
import { refreshBudget } from './budget';
import { createHelp } from './create-help';
import { refreshOffer } from './offer';

let latestToken = '';
function token(): string {
  const given = signIn.token();
  if (given === undefined) throw new Error('not signed in');
  latestToken = given;
  return given;
}

export const help = createHelp({
  load: async () => {
    const { connect, failureOf } = await loadClient();
    return {
      failureOf,
      connect: (accepted, options) => connect(location.origin, accepted, { ...options, token }),
    };
  },
  policy: () => policy.value,
  subject: values['message/subject'],
  body: values['message/body'],
  now: Date.now,
  onEnd: (ended) => {
    if (ended.kind === 'failed' && ended.failure.status === 401) signIn.reject(latestToken);
    void refreshBudget();
    // The list of models that are off may have changed
    if (ended.kind === 'failed') refreshOffer().catch(() => undefined);
  },
  report: reportError,
});

effect(() => {
  if (signIn.state.value === 'signed_in') void refreshBudget();
});
effect(() => {
  // A model's answer belongs to the message that is being sent, not to the next one
  if (store.sending.value.kind === 'under_way') help.close();
});

const KEY = 'communique-tee asks for help';
/** Whether the person left the page from the help to sign in. If so, the help is open when the person returns. */
export const wasSigningIn = keptInTab(KEY) !== undefined;
keepInTab(KEY, undefined);

/** Call it right before the browser goes to the issuer. */
export function beforeHelpSignIn(): void {
  beforeSignIn();
  keepInTab(KEY, 'yes');
}

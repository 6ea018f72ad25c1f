// Connects the sign-in with the form and with sending.
import { computed, effect, untracked } from '@preact/signals';
import { followParked, parkForSignIn, store, takeTokensFrom, unpark } from '../send/sending';
import { signIn, startSignIn } from '../sign-in/sign-in';
import { policy, site } from '../trust/trust';
import { keepDraftForReturn, callIfStillHere } from './leaving';

/**
 * Call this right before the browser goes to the issuer. It keeps the draft in this tab. If a message may have been sent, it keeps only the
 * data needed to follow that message, so that the message is not sent again.
 */
export function beforeSignIn(): void {
  if (store.kept.peek() === undefined) {
    keepDraftForReturn();
    return;
  }
  parkForSignIn();
  callIfStillHere(unpark);
}

/** Call this once, before other code reads the page's address. */
export function startSigningIn(): void {
  startSignIn(computed(() => site.value?.signIn));
  let latest = '';
  takeTokensFrom(() => {
    const token = signIn.token();
    if (token === undefined) throw new Error('not signed in');
    latest = token;
    return token;
  });
  effect(() => {
    const sending = store.sending.value;
    if (sending.kind === 'failed' && sending.failure.status === 401) signIn.reject(latest);
  });
  effect(() => {
    if (signIn.state.value === 'signed_in' && policy.value !== undefined) untracked(followParked);
  });
}

// What joins the sign-in to the form and to sending.
import { computed, effect, untracked } from '@preact/signals';
import { followParked, parkForSignIn, store, takeTokensFrom, unpark } from '../send/sending';
import { signIn, startSignIn } from '../sign-in/sign-in';
import { policy, site } from '../trust/trust';
import { keepDraftForReturn } from './leaving';

/**
 * The page is left for the issuer: what was entered, and what it takes to follow a message, wait in this tab. What the browser does not
 * keep, the page warns of as it is left; where the person then stays, neither is left behind.
 */
export function beforeSignIn(): void {
  keepDraftForReturn(unpark);
  parkForSignIn();
}

/** Call it once, before anything else reads the page's address. */
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

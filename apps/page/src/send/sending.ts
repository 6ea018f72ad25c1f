// The page's one message, its memory of earlier ones, and the warning before a message would be lost.
import { connect } from '@communique-tee/client';
import { effect } from '@preact/signals';
import { policy, trust } from '../trust/trust';
import { createSending } from './create-sending';
import { createShelf } from './kept';
import type { Sending } from './way';

/** Gives the bearer token of the person who sends. Set by the page that starts. @throws where nobody is signed in */
let tokenSource: () => string | Promise<string> = () => {
  throw new Error('not signed in');
};
export function takeTokensFrom(source: typeof tokenSource): void {
  tokenSource = source;
}

/** What this device remembers, with the person's consent. */
export const kept = createShelf({
  key: 'communique-tee kept',
  storage: () => localStorage,
  origin: location.origin,
  now: Date.now,
});

/** For the time of a redirect to sign in, in this tab: the message that was followed when the sign-in expired. */
const parked = createShelf({
  key: 'communique-tee following',
  storage: () => sessionStorage,
  origin: location.origin,
  now: Date.now,
});

export const store = createSending({
  connect: (accepted, options) => connect(location.origin, accepted, { ...options, token: () => tokenSource() }),
  policy: () => policy.value,
  demo: () => trust.value.kind === 'verified' && trust.value.demo,
  shelf: kept,
  now: Date.now,
  report: reportError,
});

/**
 * Keeps what it takes to go on following after a redirect to sign in; call it right before. The page that starts next takes it up.
 * @returns false where the browser keeps nothing, and the message would be lost from view
 */
export function parkForSignIn(): boolean {
  const entry = store.kept.value;
  return entry === undefined || parked.keep(entry) === 'yes';
}

/** Goes on with what was followed before a redirect to sign in. Call it once the person is signed in and the enclave is verified. */
export function followParked(): void {
  const [entry] = parked.entries.value;
  if (entry === undefined) return;
  parked.forget(entry.kept.id);
  store.resume(entry);
}

/** Whether closing the page now would lose something. */
export function wouldLose(sending: Sending, isRemembered: boolean): boolean {
  if (sending.kind === 'under_way') return !(isRemembered && sending.way.sent === 'accepted');
  return sending.kind === 'failed' && sending.failure.sent !== 'not_sent' && !isRemembered;
}

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

effect(() => {
  if (wouldLose(store.sending.value, store.remembered.value === 'yes')) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
});

// The page's one message, its memory of earlier ones, and the warning before a message would be lost.
import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { policy, trust } from '../trust/trust';
import { createSending } from './create-sending';
import { NotLoaded } from './failure';
import { createMessageStorage, type KeptEntry } from './kept';
import { closingLosesMessage } from './way';

/** Gives the bearer token of the person who sends. Set when the page starts. @throws while the person is not signed in */
let tokenSource: () => string | Promise<string> = () => {
  throw new Error('not signed in');
};
export function takeTokensFrom(source: typeof tokenSource): void {
  tokenSource = source;
}

type Loaded = typeof import('./loaded');
const part = signal<Loaded | undefined>(undefined);
/** Undefined until `loadClient` has succeeded. */
export const loaded: ReadonlySignal<Loaded | undefined> = part;

/**
 * Loads the client library and the views of its results, which are a third of the page.
 * @throws NotLoaded
 */
export async function loadClient(): Promise<Loaded> {
  try {
    part.value = await import('./loaded');
    return part.value;
  } catch (cause) {
    throw new NotLoaded('the client library could not be loaded', { cause });
  }
}

/** The messages that this device remembers, with the person's consent. */
export const kept = createMessageStorage({
  key: 'communique-tee kept',
  storage: () => localStorage,
  origin: location.origin,
  now: Date.now,
});

/** The message that the page followed when the sign-in expired. This tab keeps it during the redirect to sign in. */
const parked = createMessageStorage({
  key: 'communique-tee following',
  storage: () => sessionStorage,
  origin: location.origin,
  now: Date.now,
});

export const store = createSending({
  load: async () => {
    const { connect, failureOf } = await loadClient();
    return {
      failureOf,
      connect: (accepted, options) => connect(location.origin, accepted, { ...options, token: () => tokenSource() }),
    };
  },
  policy: () => policy.value,
  demo: () => trust.value.kind === 'verified' && trust.value.demo,
  messageStorage: kept,
  now: Date.now,
  report: reportError,
});

/**
 * Stores the followed message for the page that loads after the sign-in. Call it right before the redirect.
 * @returns false if the browser stores no data, and the page would lose track of the message
 */
export function parkForSignIn(): boolean {
  const entry = store.kept.value;
  return entry === undefined || parked.keep(entry) === 'yes';
}

/** Call it if the person stayed on the page instead, which still follows the message. */
export function unpark(): void {
  const entry = store.kept.peek();
  if (entry !== undefined) parked.forget(entry.kept.id);
}

/** Every message that can be followed from here, each once. */
export const followable = computed((): readonly KeptEntry[] => {
  const all = [...store.left.value, ...parked.entries.value, ...kept.entries.value];
  return [...new Map(all.map((entry) => [entry.kept.id, entry])).values()];
});
export function forget({ kept: { id } }: KeptEntry): void {
  store.forgetLeft(id);
  parked.forget(id);
  kept.forget(id);
}

/**
 * Continues with the message that was followed before a redirect to sign in. Call it once the person is signed in and
 * the enclave is verified.
 */
export function followParked(): void {
  const [entry] = parked.entries.peek();
  if (entry === undefined || store.busy.peek()) return;
  store.resume(entry);
  parked.forget(entry.kept.id);
}

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

effect(() => {
  const stored = new Set([...kept.entries.value, ...parked.entries.value].map((entry) => entry.kept.id));
  const isStored = (entry: KeptEntry | undefined): boolean => entry !== undefined && stored.has(entry.kept.id);
  const loses =
    closingLosesMessage(store.sending.value, isStored(store.kept.value)) || !store.left.value.every(isStored);
  if (loses) addEventListener('beforeunload', warn);
  else removeEventListener('beforeunload', warn);
});

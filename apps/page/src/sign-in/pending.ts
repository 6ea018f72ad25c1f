// The data of a sign-in while the person is at the issuer. They are in sessionStorage, which only this tab reads, and contain no token. The
// page removes them as soon as it is loaded again.

export interface Pending {
  /** The issuer returns it with the answer. It ties the answer to this tab (RFC 6749 section 10.12). */
  readonly state: string;
  /** The issuer returns it in the ID token. It ties the code to this request (OpenID Connect Core 1.0 section 3.1.2.1). */
  readonly nonce: string;
  /** Makes the code worthless to anyone else (RFC 7636). */
  readonly verifier: string;
  /** The fragment of the page's address, with `#`, or empty. It names campaign and images, which the issuer must not see. */
  readonly fragment: string;
}

const KEY = 'communique-tee sign-in';
const RANDOM = /^[A-Za-z0-9_-]{43}$/;

/** @returns false if the browser stores no data */
export function keepPending(storage: Pick<Storage, 'setItem'>, pending: Pending): boolean {
  try {
    storage.setItem(KEY, JSON.stringify(pending));
    return true;
  } catch {
    return false;
  }
}

/** Removes and returns the kept sign-in; undefined if there is none, or if this page did not write it. */
export function takePending(storage: Pick<Storage, 'getItem' | 'removeItem'>): Pending | undefined {
  try {
    const kept = storage.getItem(KEY);
    storage.removeItem(KEY);
    return kept === null ? undefined : readPending(JSON.parse(kept));
  } catch {
    return undefined;
  }
}

function readPending(value: unknown): Pending | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { state, nonce, verifier, fragment } = value as Readonly<Record<string, unknown>>;
  return isRandom(state) && isRandom(nonce) && isRandom(verifier) && isFragment(fragment)
    ? { state, nonce, verifier, fragment }
    : undefined;
}

/** Whether the value is empty or a fragment. The page appends nothing else to its address. */
function isFragment(value: unknown): value is string {
  return typeof value === 'string' && (value === '' || value.startsWith('#'));
}

function isRandom(value: unknown): value is string {
  return typeof value === 'string' && RANDOM.test(value);
}

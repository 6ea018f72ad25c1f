// Gets the person's token for the gateway: from a sign-in at the issuer, or pasted by the person. The page keeps the token
// only in memory.
import { isBearerToken } from '@communique-tee/protocol';
import { computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals';
import type { SignInProblem, SignedIn } from './code-flow';
import { lifetimeOf } from './lifetime';
import { keepPending, takePending, type Pending } from './pending';
import type { SignInSettings } from './settings';

export type { SignInProblem };

/**
 * `unavailable`: this site offers no sign-in, so the person can only paste a token. `returning`: the person is back from the issuer, and the
 * page requests the token. `failed`: see `problem`.
 */
export type SignInState = 'unavailable' | 'signed_out' | 'returning' | 'signed_in' | 'failed';

/** The parts of the browser that a sign-in uses. */
export interface SignInBrowser {
  /** The page's whole address. */
  address(): URL;
  /** Changes the address of this history entry without loading. `path`: `/`, and perhaps a query and a fragment. */
  replaceAddress(path: string): void;
  /** Leaves the page. */
  go(address: URL): void;
  readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  readonly fetch: typeof fetch;
  readonly loadFlow: () => Promise<typeof import('./code-flow')>;
}

/**
 * The members of an issuer's answer (RFC 6749 section 4.1.2, RFC 9207, OpenID Connect), and the tokens that some
 * issuers add.
 */
const ANSWERS: ReadonlySet<string> = new Set([
  ...['code', 'state', 'error', 'error_description', 'error_uri', 'iss', 'session_state', 'id_token', 'access_token'],
]);
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export class SignInStore {
  /** Undefined until the site has answered. */
  private readonly settings = signal<SignInSettings | null | undefined>(undefined);
  private readonly session = signal<SignedIn | undefined>(undefined);
  private readonly returning = signal(false);
  private readonly failure = signal<SignInProblem | undefined>(undefined);
  private callback: { readonly pending: Pending; readonly answer: URLSearchParams } | undefined;
  private expiry: ReturnType<typeof setTimeout> | undefined;
  private expiresAtMs = Infinity;

  readonly state = computed((): SignInState => {
    if (this.session.value !== undefined) return 'signed_in';
    if (this.returning.value) return 'returning';
    if (this.failure.value !== undefined) return 'failed';
    return this.settings.value ? 'signed_out' : 'unavailable';
  });
  /** Why the page has no token; undefined unless the state is `failed`. */
  readonly problem = computed(() => (this.state.value === 'failed' ? this.failure.value : undefined));
  /** The person's name in the issuer's ID token; undefined if the ID token has no name, and for a pasted token. */
  readonly name = computed(() => this.session.value?.name);
  /** The host of the issuer, to show to the person; null if the site offers no sign-in, undefined until the site has answered. */
  readonly host = computed(() => this.settings.value && this.settings.value.authorizationEndpoint.host);

  constructor(private readonly browser: SignInBrowser) {}

  /**
   * Takes the issuer's answer out of the address, and restores the fragment that the address had before the sign-in. Call
   * it before anything else reads the address. It sends no request: `configure` uses the answer.
   */
  takeCallback(): void {
    const address = this.browser.address();
    const pending = takePending(this.browser.storage);
    const answer = address.searchParams;
    const isAnswer =
      pending === undefined
        ? answer.has('state') && (answer.has('code') || answer.has('error'))
        : answer.has('state') || answer.has('code') || answer.has('error');
    if (!isAnswer) return;
    // Removes the code from the history and the address; keeps the link's own parameters
    const rest = new URLSearchParams([...answer].filter(([name]) => !ANSWERS.has(name))).toString();
    this.browser.replaceAddress(`/${rest === '' ? '' : `?${rest}`}${pending?.fragment ?? address.hash}`);
    if (pending === undefined) {
      this.failure.value = 'not_started';
      return;
    }
    this.callback = { pending, answer };
    this.returning.value = true;
  }

  /** Takes the site's sign-in settings, each time the site sends them. Completes a sign-in that `takeCallback` found. */
  async configure(settings: SignInSettings | null): Promise<void> {
    this.settings.value = settings;
    const { callback } = this;
    if (callback === undefined) return;
    this.callback = undefined;
    if (settings === null) {
      this.fail('refused');
      return;
    }
    const flow = await this.load();
    if (flow === undefined) return;
    try {
      this.open(await flow.redeem(settings, this.redirectUri(), callback.pending, callback.answer, this.browser.fetch));
    } catch (error) {
      this.fail(error instanceof flow.SignInError ? error.problem : 'broken');
    }
  }

  /**
   * Sends the browser to the issuer.
   * @param beforeLeaving called right before the browser leaves, such as to keep a draft
   */
  async start(beforeLeaving: () => void = () => undefined): Promise<void> {
    const settings = this.settings.value;
    if (!settings) return;
    const flow = await this.load();
    if (flow === undefined) return;
    const { pending, address } = await flow.newRequest(settings, this.redirectUri(), this.browser.address().hash);
    if (!keepPending(this.browser.storage, pending)) {
      this.fail('no_storage');
      return;
    }
    beforeLeaving();
    this.browser.go(address);
  }

  /**
   * Takes a token that the person pasted.
   * @returns false if the text is not a token
   */
  useToken(text: string): boolean {
    const token = text.trim().replace(/^Bearer +/i, '');
    if (!isBearerToken(token)) return false;
    this.open({ token, ...lifetimeOf(token) });
    return true;
  }

  /** Returns the token for the client library; undefined if there is none, or it has expired. */
  token(): string | undefined {
    if (Date.now() >= this.expiresAtMs) this.fail('expired');
    return this.session.peek()?.token;
  }

  /** Forgets this token, to which the gateway answered 401. A token taken since then stays. */
  reject(token: string): void {
    if (this.session.peek()?.token === token) this.fail('rejected');
  }

  /** Forgets the token. The issuer's own session is not ended. */
  signOut(): void {
    this.close();
    this.failure.value = undefined;
  }

  /** Loads the code of the sign-in only when a person signs in. */
  private async load(): Promise<typeof import('./code-flow') | undefined> {
    try {
      return await this.browser.loadFlow();
    } catch {
      this.fail('not_loaded');
      return undefined;
    }
  }

  /** Returns the page's address without query and fragment, as registered with the issuer. */
  private redirectUri(): string {
    return new URL('/', this.browser.address()).href;
  }

  private open(session: SignedIn): void {
    this.close();
    this.failure.value = undefined;
    this.session.value = session;
    if (session.lifetimeMs === undefined) return;
    this.expiresAtMs = Date.now() + session.lifetimeMs;
    this.expiry = setTimeout(
      () => {
        this.token();
      },
      Math.min(Math.max(session.lifetimeMs, 0), MAX_TIMEOUT_MS),
    );
  }

  private fail(problem: SignInProblem): void {
    this.close();
    this.failure.value = problem;
  }

  private close(): void {
    clearTimeout(this.expiry);
    this.expiresAtMs = Infinity;
    this.returning.value = false;
    this.session.value = undefined;
  }
}

/** This page's only instance. */
export const signIn = new SignInStore({
  address: () => new URL(location.href),
  replaceAddress: (path) => {
    history.replaceState(history.state, '', path);
  },
  go: (address) => {
    location.assign(address);
  },
  storage: {
    getItem: (key) => sessionStorage.getItem(key),
    setItem: (key, value) => {
      sessionStorage.setItem(key, value);
    },
    removeItem: (key) => {
      sessionStorage.removeItem(key);
    },
  },
  fetch: (...request) => fetch(...request),
  loadFlow: () => import('./code-flow'),
});

/**
 * Call it once, before anything else reads the page's address.
 * @param settings the site's sign-in settings; undefined until the site has answered
 */
export function startSignIn(settings: ReadonlySignal<SignInSettings | null | undefined>): void {
  signIn.takeCallback();
  effect(() => {
    const told = settings.value;
    if (told !== undefined)
      untracked(() => {
        void signIn.configure(told);
      });
  });
}

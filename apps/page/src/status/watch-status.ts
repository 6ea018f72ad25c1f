// The data of /status, requested every ten seconds while the page is in view.
import { isBearerToken } from '@communique-tee/protocol';
import { signal } from '@preact/signals';
import { askForJson, NoAnswer, type NoAnswerReason } from '../trust/ask';
import { EMPTY, joined, readHistory, type History } from './history';

const INTERVAL_MS = 10_000;
/** Enough for an answer with six hours of samples, and for one of /api/health/tee. */
const MAX_BYTES = 2_000_000;

export interface Part {
  readonly name: string;
  readonly status: string;
  readonly code: string | undefined;
}

export type Now =
  | { readonly kind: 'asking' }
  /** `isUp`: the server answered 200. `bad`: the parts that are not up. */
  | { readonly kind: 'answered'; readonly isUp: boolean; readonly bad: readonly Part[]; readonly atMs: number }
  | { readonly kind: 'noAnswer'; readonly reason: NoAnswerReason };

export const now = signal<Now>({ kind: 'asking' });
export const health = signal<History>(EMPTY);

export type Admin =
  | { readonly kind: 'none' }
  | { readonly kind: 'not_a_token' }
  | { readonly kind: 'shown'; readonly atMs: number }
  | { readonly kind: 'noAnswer'; readonly reason: NoAnswerReason };

export const admin = signal<Admin>({ kind: 'none' });
export const adminHistory = signal<History>(EMPTY);
/** Kept in memory only. */
let token: string | undefined;

export function watchStatus(): void {
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking || document.visibilityState === 'hidden') return;
    asking = true;
    try {
      await Promise.all([askNow(), askHistory(), askAdmin()]);
    } finally {
      asking = false;
    }
  };
  document.addEventListener('visibilitychange', () => void ask());
  setInterval(() => void ask(), INTERVAL_MS);
  void ask();
}

/** Uses this token from now on to show what only operators may see. @returns false if the text cannot be a token */
export function useToken(given: string): boolean {
  if (!isBearerToken(given.trim())) {
    admin.value = { kind: 'not_a_token' };
    return false;
  }
  token = given.trim();
  adminHistory.value = EMPTY;
  void askAdmin();
  return true;
}

async function askNow(): Promise<void> {
  try {
    const { status, json } = await askForJson('/api/health/tee', { maxBytes: MAX_BYTES }, [200, 503]);
    const bad = partsIn(json).filter((part) => part.status !== 'up');
    now.value = { kind: 'answered', isUp: status === 200, bad, atMs: Date.now() };
  } catch (error) {
    now.value = { kind: 'noAnswer', reason: reasonOf(error) };
  }
}

function partsIn(json: unknown): Part[] {
  const { details } = (json ?? {}) as {
    details?: Readonly<Record<string, { status?: unknown; code?: unknown } | null>>;
  };
  return Object.entries(details ?? {}).map(([name, part]) => ({
    name,
    status: typeof part?.status === 'string' ? part.status : 'unknown',
    code: typeof part?.code === 'string' ? part.code : undefined,
  }));
}

async function askHistory(): Promise<void> {
  try {
    health.value = await more('/api/health/history', health.value);
  } catch (error) {
    // The known data stays, and `now` shows that the server does not answer; reasonOf rethrows every other error
    reasonOf(error);
  }
}

async function askAdmin(): Promise<void> {
  const with_ = token;
  if (with_ === undefined) return;
  try {
    const history = await more('/api/admin/history', adminHistory.value, with_);
    if (token !== with_) return;
    adminHistory.value = history;
    admin.value = { kind: 'shown', atMs: Date.now() };
  } catch (error) {
    const reason = reasonOf(error);
    if (token !== with_) return;
    admin.value = { kind: 'noAnswer', reason };
    if (reason.kind !== 'answered' || (reason.status !== 401 && reason.status !== 403)) return;
    token = undefined;
    adminHistory.value = EMPTY;
  }
}

/** Requests new samples, and returns them after the known ones. */
async function more(path: string, known: History, with_?: string): Promise<History> {
  const since = String(known.at.at(-1) ?? 0);
  const { json } = await askForJson(`${path}?since=${since}`, {
    maxBytes: MAX_BYTES,
    ...(with_ !== undefined && { token: with_ }),
  });
  return joined(known, readHistory(json));
}

function reasonOf(error: unknown): NoAnswerReason {
  if (error instanceof NoAnswer) return error.reason;
  throw error;
}

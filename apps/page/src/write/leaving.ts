// Keeps what was entered in this tab, for a person who leaves the page and returns.
import { dropDraft, saveDraft } from './draft';

/** Longer than browsers wait for a server. If the page still runs after this time, the person did not leave it. */
const STAYED_MS = 5 * 60_000;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Call it right before the person leaves the page. If the browser stores no data, the page warns before it is left. */
export function keepDraftForReturn(): void {
  saveDraft();
  callIfStillHere(dropDraft);
}

/** Calls `undo` if the person has not left the page after STAYED_MS. */
export function callIfStillHere(undo: () => void): void {
  clearTimeout(timer);
  timer = setTimeout(undo, STAYED_MS);
}

/**
 * Whether a link loads a page of this site: another page, or this page again. A link to a fragment of this page loads nothing.
 */
export function leavesPage(href: string, here: string): boolean {
  const [to, from] = [new URL(href), new URL(here)];
  if (to.origin !== from.origin || !/^https?:$/.test(to.protocol)) return false;
  return to.hash === '' || to.pathname !== from.pathname || to.search !== from.search;
}

import { byId, el, replaceContent, shown } from '../elements';
import { CHECKS, type CheckId, type CheckState } from '../trust/checks';
import type { Finding } from '../trust/examine';

const WORDS: Readonly<Record<CheckState, string>> = {
  waiting: 'not reached',
  running: 'looking',
  passed: 'holds',
  warning: 'holds, with a warning',
  failed: 'fails',
  open: 'not compared',
};
const SIGNS: Readonly<Record<CheckState, string>> = {
  waiting: '·',
  running: '…',
  passed: '✓',
  warning: '!',
  failed: '✕',
  open: '?',
};

/** The list of checks, none of them made yet. */
export function drawChecks(into: HTMLElement): void {
  replaceContent(
    into,
    ...CHECKS.map(({ id, title }) =>
      el(
        'li',
        { id: `check-${id}`, 'data-state': 'waiting' },
        el('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS.waiting),
        el(
          'div',
          {},
          el('p', { class: 'check-title' }, title, el('span', { class: 'check-state' }, WORDS.waiting)),
          el('p', { class: 'check-detail' }),
        ),
      ),
    ),
  );
}

/** Shows one, and waits until it is to be seen: the checks take milliseconds, and are made in this order. */
export async function showFinding({ id, state, detail }: Finding): Promise<void> {
  const item = byId(`check-${id}`);
  item.dataset['state'] = state;
  setText(item, '.sign', SIGNS[state]);
  setText(item, '.check-state', WORDS[state]);
  setText(item, '.check-detail', detail);
  await shown();
}

export function stateOf(id: CheckId): string | undefined {
  return byId(`check-${id}`).dataset['state'];
}

function setText(within: HTMLElement, selector: string, text: string): void {
  const element = within.querySelector(selector);
  if (element !== null) element.textContent = text;
}

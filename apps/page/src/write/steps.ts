// Shows one step at a time. Each step is an entry in the browser's history, so the Back button goes one step back and
// loses no input.
import { batch, signal } from '@preact/signals';
import { type Step, STEPS } from './fields';

/** The step now shown. Change it by `goTo` only. */
export const step = signal<Step>('address');
/** How often the step has changed since the page started; a change moves the focus to the step's heading. */
export const moves = signal(0);

/** Id of the control that takes the focus in place of the heading; undefined for the heading. */
export const focusTarget = signal<string | undefined>(undefined);

/**
 * Shows a step, as a new entry of the history.
 * @param control id of the control to go to
 */
export function goTo(next: Step, control?: string): void {
  if (next === step.value) return;
  history.pushState({ step: next }, '');
  show(next, control);
}

/**
 * Shows the first step, and puts the steps before it into the history.
 * @param ready whether a step is complete; going forward in the history stops at the first step that is not
 */
export function startSteps(at: Step, ready: (step: Step) => boolean): void {
  const before = STEPS.slice(0, STEPS.indexOf(at) + 1);
  for (const [index, each] of before.entries()) {
    if (index === 0) history.replaceState({ step: each }, '');
    else history.pushState({ step: each }, '');
  }
  step.value = at;
  addEventListener('popstate', ({ state }: PopStateEvent) => {
    const asked = stepIn(state);
    if (asked === undefined) return;
    const open = STEPS.slice(0, STEPS.indexOf(asked)).find((each) => !ready(each));
    show(open ?? asked);
  });
}

function show(next: Step, control?: string): void {
  batch(() => {
    focusTarget.value = control;
    step.value = next;
    moves.value += 1;
  });
}

/** Returns the step of a history entry; undefined for other entries, such as a link within the page. */
function stepIn(state: unknown): Step | undefined {
  const given = typeof state === 'object' && state !== null && 'step' in state ? state.step : undefined;
  return STEPS.find((each) => each === given);
}

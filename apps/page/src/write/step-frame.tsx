import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { fill, text } from '../text/text';
import { ErrorSummary } from '../ui/error-summary';
import { attempts, summaryOf } from './attempt';
import type { Step } from './fields';
import { focusTarget, moves } from './steps';

/** Shows a step: its heading, which takes the focus when the step opens, and what the person has to fix in it. */
export function StepFrame({ of, children }: { readonly of: Step; readonly children: ComponentChildren }) {
  const { common, write } = text.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const items = summaryOf(of);
  const open = items.filter(({ done }) => done !== true).length;
  useEffect(() => {
    // When the page has just been opened, the focus stays at its top
    if (moves.peek() === 0) return;
    // The error summary has taken the focus
    if (open > 0 && focusTarget.peek() === undefined) return;
    const control = focusTarget.peek() === undefined ? null : document.getElementById(focusTarget.peek() ?? '');
    control?.closest('details')?.setAttribute('open', '');
    (control ?? heading.current)?.focus({ preventScroll: true });
    (control ?? heading.current)?.scrollIntoView({ block: control === null ? 'start' : 'center', behavior: 'instant' });
  }, []);
  return (
    <section aria-labelledby="step-title">
      <h2 id="step-title" class="step-title" ref={heading} tabindex={-1}>
        {write.steps[of]}
      </h2>
      {items.length > 0 && (
        <ErrorSummary
          title={open === 0 ? common.allFixed : fill(common.fix, { count: open })}
          note={write.nothingSent}
          items={items}
          attempt={attempts.value}
        />
      )}
      {children}
    </section>
  );
}

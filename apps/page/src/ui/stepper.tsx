export interface StepperStep {
  readonly name: string;
  readonly state: 'done' | 'current' | 'ahead';
  /** Goes back to a step that is done. */
  readonly onChoose: () => void;
}

/** Shows the steps and marks the current one. Steps that are done can be chosen again. */
export function Stepper({ label, steps }: { readonly label: string; readonly steps: readonly StepperStep[] }) {
  return (
    <ol class="stepper" aria-label={label}>
      {steps.map(({ name, state, onChoose }, at) => {
        const content = (
          <>
            <span class="number" aria-hidden="true">
              {at + 1}
            </span>
            <span>{name}</span>
          </>
        );
        return (
          <li key={at} data-state={state} aria-current={state === 'current' ? 'step' : undefined}>
            {state === 'done' ? (
              <button type="button" class="text" onClick={onChoose}>
                {content}
              </button>
            ) : (
              <span>{content}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

import { text } from '../text/text';
import { Stepper } from '../ui/stepper';
import { AddressStep } from './address-step';
import { STEPS, type Step } from './fields';
import { MessageStep } from './message-step';
import { ReviewStep } from './review-step';
import { goTo, step } from './steps';

/** `/`: address, message, review and send; one step is shown at a time. */
export function WritePage() {
  const { write } = text.value;
  const at = STEPS.indexOf(step.value);
  const stateOf = (index: number) => (index < at ? 'done' : index === at ? 'current' : 'ahead');
  return (
    <>
      <h1 class="write-title">{write.title}</h1>
      {step.value === 'address' && <p class="lead">{write.lead}</p>}
      <Stepper
        label={write.steps.label}
        steps={STEPS.map((name, index) => ({
          name: write.steps[name],
          state: stateOf(index),
          onChoose: () => {
            goTo(name);
          },
        }))}
      />
      <StepContent of={step.value} />
    </>
  );
}

function StepContent({ of }: { readonly of: Step }) {
  switch (of) {
    case 'address':
      return <AddressStep />;
    case 'message':
      return <MessageStep />;
    case 'review':
      return <ReviewStep busy={false} onSend={() => undefined} />;
  }
}

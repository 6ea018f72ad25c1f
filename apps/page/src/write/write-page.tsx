import { LinkProblem } from '../link-problem';
import { KeptMessages } from '../send/remember';
import { SendSection } from '../send/send-section';
import { store } from '../send/sending';
import { signIn } from '../sign-in/sign-in';
import { text } from '../text/text';
import { Stepper } from '../ui/stepper';
import { AddressStep } from './address-step';
import { clearFlags, describeProblem, flagReported } from './attempt';
import { STEPS, type Step } from './fields';
import { clearMessage, problemsOf } from './form';
import { MessageStep } from './message-step';
import { ReviewStep } from './review-step';
import { saveDraft } from './draft';
import { officeName } from './seat-name';
import { beforeSignIn } from './signing-in';
import { Card } from '../ui/card';
import { wasProving } from './proving-draft';
import { goTo, step } from './steps';
import { leaveTemplate } from './template';
import { TemplateLead } from './template-place';
import { TemplateNotice } from '../templates/notice';

/** `/`: address, message, review and send, one step at a time. After Send, the card about the message takes their place. */
export function WritePage() {
  const { write } = text.value;
  const isIdle = store.sending.value.kind === 'idle';
  return (
    <>
      <h1 class="write-title">{write.title}</h1>
      <LinkProblem />
      {isIdle && step.value === 'address' && <p class="lead">{write.lead}</p>}
      {isIdle && <TemplateNotice />}
      {isIdle && wasProving.value && (
        <Card tone="open">
          <p role="alert">{write.residence.wasProving}</p>
        </Card>
      )}
      {isIdle && step.value === 'address' && <TemplateLead />}
      <KeptMessages />
      <SendSection
        officeName={officeName}
        problemText={describeProblem}
        // The page does not have the text of a message that was sent in an earlier visit
        onCorrect={store.can.value.again ? correct : undefined}
        onAnother={another}
        isSignedIn={signIn.state.value === 'signed_in'}
        onReload={reload}
        signIn={typeof signIn.host.value === 'string' ? startSignIn : undefined}
      />
      {isIdle && <Steps />}
    </>
  );
}

type Correct = NonNullable<Parameters<typeof SendSection>[0]['onCorrect']>;

const correct: Correct = (problems) => {
  store.close();
  // If no field has a problem, the review shows what was sent, each part with a way to edit it
  if (problems.length > 0) goTo(flagReported(problems));
};

function startSignIn(): void {
  void signIn.start(beforeSignIn);
}

/** Loads the page again, because the server may have a newer version of it. The tab keeps what was entered. */
function reload(): void {
  saveDraft();
  location.reload();
}

/** Empties step 2 for another message of the same person. The address stays. */
function another(): void {
  store.close();
  clearMessage();
  leaveTemplate();
  clearFlags();
  goTo(problemsOf('address').length === 0 ? 'message' : 'address');
}

function Steps() {
  const { steps } = text.value.write;
  const at = STEPS.indexOf(step.value);
  const stateOf = (index: number) => (index < at ? 'done' : index === at ? 'current' : 'ahead');
  return (
    <>
      <Stepper
        label={steps.label}
        steps={STEPS.map((name, index) => ({
          name: steps[name],
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
      return <ReviewStep busy={store.busy.value} onSend={store.startSending} />;
  }
}

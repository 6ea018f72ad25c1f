import { AgentPlace } from '../agents/place';
import { text } from '../text/text';
import { Button } from '../ui/button';
import { Combobox } from '../ui/combobox';
import { Details } from '../ui/details';
import { attemptStep, errorOf } from './attempt';
import { TOPICS, type FieldName } from './fields';
import { isTopic, topics } from './form';
import { fieldProps, FormBody, FormChoice, FormLines, FormText, FormYesNo } from './form-fields';
import { StepFrame } from './step-frame';
import { goTo } from './steps';
import { TemplatePlace } from './template-place';

const MORE: readonly FieldName[] = ['message/bills', 'message/moreInfo', 'responseRequested', 'newsletterOptIn'];

/** Step 2: the subject and the text. */
export function MessageStep() {
  const { write, topics: names, common } = text.value;
  return (
    <StepFrame of="message">
      <p class="hint">{write.message.intro}</p>
      <TemplatePlace />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (attemptStep('message')) goTo('review');
        }}
      >
        <div class="fields">
          <Combobox
            {...fieldProps({ name: 'message/topics' })}
            options={TOPICS.map((topic) => ({ value: topic, label: names[topic] }))}
            chosen={topics.value}
            onChange={(chosen) => {
              topics.value = chosen.filter(isTopic);
            }}
          />
          <FormChoice
            name="message/stance"
            options={[
              { value: 'pro', label: write.message.for },
              { value: 'con', label: write.message.against },
              { value: '', label: write.message.notSaid },
            ]}
          />
          <FormText name="message/subject" />
          <FormBody name="message/body" />
        </div>
        <AgentPlace />
        <Details summary={write.message.more} open={MORE.some((name) => errorOf(name) !== undefined)}>
          <div class="fields">
            <FormLines name="message/bills" />
            <FormText name="message/moreInfo" />
            <FormYesNo name="responseRequested" />
            <FormYesNo name="newsletterOptIn" />
          </div>
        </Details>
        <div class="buttons">
          <Button type="submit">{write.toReview}</Button>
          <Button
            kind="quiet"
            onClick={() => {
              goTo('address');
            }}
          >
            {common.backButton}
          </Button>
        </div>
      </form>
    </StepFrame>
  );
}

import { proves } from '../residence/choice';
import { ChoiceCard } from '../residence/choice-card';
import { SignIn } from '../sign-in/sign-in-block';
import { text } from '../text/text';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { Details } from '../ui/details';
import { attemptStep, errorOf } from './attempt';
import { idOf, STATES, type FieldName } from './fields';
import { chooseState, problemsOf } from './form';
import { fieldProps, FormText } from './form-fields';
import { SelectField } from '../ui/field';
import { OfficesField } from './offices-field';
import { beforeSignIn } from './signing-in';
import { StepFrame } from './step-frame';
import { goTo } from './steps';

/** Fields that Congress does not require. */
const MORE: readonly FieldName[] = [
  'constituent/middleName',
  'constituent/suffix',
  'constituent/title',
  'constituent/organization',
  'constituent/address2',
  'constituent/address3',
  'constituent/phone',
];

/** Step 1: who writes, and to which offices. */
export function AddressStep() {
  const { write, places } = text.value;
  return (
    <StepFrame of="address">
      <ChoiceCard />
      {proves.value ? <p class="note">{write.residence.provesLater}</p> : <SignIn beforeLeaving={beforeSignIn} />}
      <NoCampaign />
      <form
        noValidate
        autocomplete="on"
        onSubmit={(event) => {
          event.preventDefault();
          if (attemptStep('address')) goTo('message');
        }}
      >
        <fieldset class="group">
          <legend>{write.address.you}</legend>
          <div class="fields">
            <FormText name="constituent/prefix" width="short" />
            <FormText name="constituent/firstName" width="third" />
            <FormText name="constituent/lastName" width="wide" />
            <FormText name="constituent/email" width="half" />
          </div>
        </fieldset>
        <fieldset class="group">
          <legend>{write.address.where}</legend>
          <div class="fields">
            <FormText name="constituent/address1" />
            <FormText name="constituent/city" width="wide" />
            <SelectField
              {...fieldProps({ name: 'constituent/state', width: 'third' })}
              options={[
                { value: '', label: write.choose },
                ...STATES.map((state) => ({ value: state, label: places[state] })).sort((a, b) =>
                  a.label.localeCompare(b.label),
                ),
              ]}
              onInput={chooseState}
            />
            <FormText name="constituent/zip" width="short" />
          </div>
        </fieldset>
        <Details summary={write.moreAboutYou} open={MORE.some((name) => errorOf(name) !== undefined)}>
          <div class="fields">
            {MORE.map((name) => (
              <FormText key={idOf(name)} name={name} width="half" />
            ))}
          </div>
        </Details>
        <OfficesField />
        <div class="buttons">
          <Button type="submit">{write.toMessage}</Button>
        </div>
      </form>
    </StepFrame>
  );
}

/** Without a campaign the message cannot be sent, which the person should know before writing. */
function NoCampaign() {
  const { review } = text.value.write;
  if (problemsOf('review').length === 0) return null;
  return (
    <Card tone="open">
      <p>{review.reasons.campaign}</p>
    </Card>
  );
}

import { text } from '../text/text';
import { Card } from '../ui/card';
import { RadioGroup } from '../ui/radio-group';
import { attestedResidence, canProve, chooseProof, proves } from './choice';

/** If a proof is optional, the person chooses here, before either step: sign in, or prove residence. */
export function ChoiceCard() {
  const words = text.value.write.residence.choice;
  if (attestedResidence.value?.mode !== 'optional') return null;
  if (!canProve.value) return <p class="note">{words.cannotProve}</p>;
  return (
    <Card label={words.question}>
      <RadioGroup
        id="residence-choice"
        label={words.question}
        hint={words.hint}
        required
        column
        value={proves.value ? 'proof' : 'sign_in'}
        options={[
          { value: 'sign_in', label: words.signIn },
          { value: 'proof', label: words.proof },
        ]}
        onInput={(value) => {
          chooseProof(value === 'proof');
        }}
      />
    </Card>
  );
}

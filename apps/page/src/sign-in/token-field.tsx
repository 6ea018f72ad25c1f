import { useState } from 'preact/hooks';
import { text } from '../text/text';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { signIn } from './sign-in';

/**
 * An access token in place of a sign-in: for developers, and for sites without a sign-in. The text beside the field says which case
 * applies.
 */
export function TokenField() {
  const words = text.value.signIn;
  const [typed, setTyped] = useState('');
  const [refused, setRefused] = useState(false);
  const use = () => {
    const taken = signIn.useToken(typed);
    setRefused(!taken);
    if (taken) setTyped('');
  };
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        use();
      }}
    >
      <TextField
        id="token"
        type="password"
        label={words.token}
        hint={words.tokenHint}
        error={refused ? words.notAToken : undefined}
        required
        spellcheck={false}
        value={typed}
        onInput={(value) => {
          setTyped(value);
          setRefused(false);
        }}
      />
      <div class="buttons">
        <Button kind="quiet" type="submit">
          {words.useToken}
        </Button>
      </div>
    </form>
  );
}

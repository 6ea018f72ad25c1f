import { fill, text } from '../text/text';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { trust } from '../trust/trust';
import { signIn, type SignInProblem } from './sign-in';

/**
 * Signs the person in, and shows whether they are signed in.
 * @param beforeLeaving called right before the browser goes to the issuer, such as to keep a draft
 * @param unsent whether a message is ready and was not sent; the text of a problem then states that
 * @param why the reason to sign in; by default, that a message needs it
 */
export function SignIn({
  beforeLeaving,
  unsent = false,
  why,
}: {
  readonly beforeLeaving?: () => void;
  readonly unsent?: boolean;
  readonly why?: string;
}) {
  const words = text.value.signIn;
  const { host } = signIn;
  if (host.value === undefined) return null;
  const state = signIn.state.value;
  // A demo never shows green
  const isDemo = 'demo' in trust.value && trust.value.demo;
  const start = () => {
    void signIn.start(beforeLeaving);
  };
  return (
    <Card
      class="sign-in"
      tone={state === 'failed' ? 'bad' : state === 'signed_in' && !isDemo ? 'good' : 'plain'}
      label={words.title}
    >
      {state === 'failed' && <p role="alert">{problemSentence(signIn.problem.value, unsent)}</p>}
      <p role="status">
        {state === 'returning' && words.returning}
        {state === 'signed_in' && signedInSentence(signIn.name.value)}
      </p>
      {state === 'unavailable' && <p>{words.unavailable}</p>}
      {state === 'signed_out' && <p>{why ?? words.why}</p>}
      {state === 'signed_in' && (
        <Button
          kind="text"
          onClick={() => {
            signIn.signOut();
          }}
        >
          {words.signOut}
        </Button>
      )}
      {(state === 'signed_out' || state === 'failed') && typeof host.value === 'string' && (
        <>
          <p class="note" id="sign-in-leaves">
            {fill(words.leaves, { host: host.value })}
          </p>
          <Button onClick={start} describedBy="sign-in-leaves">
            {state === 'failed' ? words.again : words.start}
          </Button>
        </>
      )}
    </Card>
  );
}

/** Returns a plain sentence, and a second one if a message was not sent. */
function problemSentence(problem: SignInProblem | undefined, unsent: boolean): string {
  const words = text.value.signIn;
  const sentence = problem === undefined ? '' : words.problems[problem];
  return unsent ? `${sentence} ${words.notSent}`.trim() : sentence;
}

function signedInSentence(name: string | undefined): string {
  const words = text.value.signIn;
  // Isolated (Unicode Standard Annex 9), so that a name in another direction does not reorder the sentence
  return name === undefined ? words.signedIn : fill(words.signedInAs, { name: `\u2068${name}\u2069` });
}

import type { FieldProblem } from '@communique-tee/protocol';
import { useEffect, useState } from 'preact/hooks';
import { attestedResidence } from '../residence/choice';
import { TokenField } from '../sign-in/token-field';
import { fill, text } from '../text/text';
import { checkEnclave, policy } from '../trust/trust';
import { clock, instant } from '../format';
import { Button } from '../ui/button';
import { remedyOf, type Failure } from './failure';
import { store } from './sending';
import { failureWords } from './words';

export interface FailureProps {
  readonly failure: Failure;
  /** Leads to the form; undefined if the message is no longer in this page. */
  readonly onCorrect: ((problems: readonly FieldProblem[]) => void) | undefined;
  /** Empties the form. */
  readonly onAnother: () => void;
  readonly isSignedIn: boolean;
  /** Undefined if the site offers no sign-in. */
  readonly signIn: (() => void) | undefined;
  /** Loads the page again, with what was entered. */
  readonly onReload?: (() => void) | undefined;
}

/** The failure and the next step. The heading above states whether the message was sent. */
export function FailureView({ failure, onCorrect, onAnother, isSignedIn, signIn, onReload }: FailureProps) {
  const { send } = text.value;
  // These texts are loaded with the step of the proof
  const proofs = 'residence' in text.value ? text.value.residence.proofs : undefined;
  const can = store.can.value;
  const found = remedyOf(failure, can);
  // Meanwhile the enclave was verified, or the person signed in
  const isMended = (found === 'check' && policy.value !== undefined) || (found === 'sign_in' && isSignedIn);
  const remedy = isMended ? remedyWhenMended(failure, can) : found;
  const isTime = useTime(failure.retryAtMs);
  const after = failure.retryAtMs === undefined || isTime ? undefined : timeOf(failure.retryAtMs);
  return (
    <>
      <p>
        {failureWords(failure, send, proofs)}{' '}
        {remedy === 'sign_in' && signIn === undefined ? send.next.token : nextWords(remedy, after, failure)}
      </p>
      {remedy === 'sign_in' && signIn === undefined && <TokenField />}
      <div class="buttons">
        {remedy === 'sign_in' && signIn !== undefined && <Button onClick={signIn}>{send.signIn}</Button>}
        {remedy === 'reload' && onReload !== undefined && <Button onClick={onReload}>{send.reload}</Button>}
        {remedy === 'check' && (
          <Button
            onClick={() => {
              void checkEnclave();
            }}
          >
            {send.check}
          </Button>
        )}
        {(remedy === 'again' || remedy === 'ask') && after === undefined && (
          <Button
            onClick={() => {
              store.tryAgain();
            }}
          >
            {remedy === 'ask' ? send.ask : send.again}
          </Button>
        )}
        {failure.sent === 'not_sent' ? (
          <Button
            kind={remedy === 'correct' ? 'main' : 'quiet'}
            onClick={() => {
              if (onCorrect === undefined) store.close();
              else onCorrect(failure.problems);
            }}
          >
            {remedy === 'correct' ? send.correct : send.back}
          </Button>
        ) : (
          // Does not lead back to the same message: if the person sent it again, an office might get it twice
          <Button kind="quiet" onClick={onAnother}>
            {send.another}
          </Button>
        )}
      </div>
    </>
  );
}

type Remedy = ReturnType<typeof remedyOf>;

function remedyWhenMended({ sent }: Failure, can: { readonly again: boolean; readonly ask: boolean }): Remedy {
  if (sent === 'not_sent') return can.again ? 'again' : 'none';
  return can.ask ? 'ask' : 'none';
}

function nextWords(remedy: Remedy, after: string | undefined, { sent, problem, reason }: Failure): string {
  const { next } = text.value.send;
  if (remedy === 'none' && problem === 'already_sent')
    return sent === 'not_sent' ? next.otherCampaign : next.askOffices;
  if (remedy === 'none' && reason === 'ERR_PROVING_NO_REFERENCE_STRING')
    return attestedResidence.value?.mode === 'required' ? next.proveElsewhere : next.signInInstead;
  if (remedy === 'none') return sent === 'not_sent' ? next.none : next.unfollowed;
  if (after !== undefined && remedy === 'again') return fill(next.againAfter, { time: after });
  if (after !== undefined && remedy === 'ask') return fill(next.askAfter, { time: after });
  return next[remedy];
}

/** Returns the time, with the day if it is at least twelve hours away. */
function timeOf(ms: number): string {
  return ms - Date.now() < 12 * 3600 * 1000 ? clock(ms) : instant(ms);
}

/** Whether the time has come. Draws the component again when it comes. */
function useTime(atMs: number | undefined): boolean {
  const [nowMs, setNowMs] = useState(() => Date.now());
  const leftMs = (atMs ?? 0) - nowMs;
  useEffect(() => {
    if (leftMs <= 0) return undefined;
    const timer = setTimeout(
      () => {
        setNowMs(Date.now());
      },
      Math.min(leftMs, 60_000),
    );
    return () => {
      clearTimeout(timer);
    };
  }, [leftMs]);
  return leftMs <= 0;
}

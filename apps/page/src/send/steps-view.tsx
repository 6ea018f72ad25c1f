import { fill, text } from '../text/text';
import { clock, duration } from '../format';
import { Time } from '../ui/time';
import { useSilence } from './silence';
import { stepsOf, type Sending, type Way } from './way';
import { activityWords } from './words';

const SIGNS = { done: '✓', current: '…', waiting: '·', open: '?', missed: '✕' } as const;

/** The four steps that a person follows, each with its time. */
export function StepsView({ sending }: { readonly sending: Exclude<Sending, { kind: 'idle' }> }) {
  const { steps, stepStates } = text.value.send;
  return (
    <ol class="send-steps">
      {stepsOf(sending).map(({ name, state, atMs }) => (
        <li key={name} data-state={state} aria-current={state === 'current' ? 'step' : undefined}>
          <span class="sign" aria-hidden="true">
            {SIGNS[state]}
          </span>
          <span>
            <span class="unseen">{stepStates[state]} </span>
            {steps[name]}
          </span>
          {atMs !== undefined && <Time ms={atMs} />}
        </li>
      ))}
    </ol>
  );
}

/** The current step, and the time since the last change. No live region, because a screen reader would announce every second. */
export function CurrentStepView({ way }: { readonly way: Way }) {
  const { send } = text.value;
  const silence = useSilence(way.heardAtMs);
  const nextTryMs = nextTryOf(way);
  return (
    <div class="send-now">
      <p>
        {activityWords(way, send)}
        {nextTryMs !== undefined && ` ${fill(send.tryingAt, { time: clock(nextTryMs) })}`}
      </p>
      {silence !== undefined && (
        <p class="note" data-silence={silence.kind}>
          {fill(send.silence[silence.kind], { time: duration(silence.forMs) })}
        </p>
      )}
    </div>
  );
}

/** Returns when this page makes its next request or, if no request waits, when the gateway says that it will deliver next. */
function nextTryOf({ waiting, view }: Way): number | undefined {
  if (waiting !== undefined) return waiting.untilMs;
  const atMs = Date.parse(view?.nextAttemptAt ?? '');
  return atMs > Date.now() ? atMs : undefined;
}

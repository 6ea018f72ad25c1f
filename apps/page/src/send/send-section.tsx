// The part of the page that shows a message while it is sent, and how it ended.
import { useEffect, useRef } from 'preact/hooks';
import { text } from '../text/text';
import { Button } from '../ui/button';
import { DuplicateDialog } from './duplicate-dialog';
import { FailureView, type FailureProps } from './failure-view';
import { RememberChoice } from './remember';
import type { ResultProps } from './result-view';
import { loaded, store } from './sending';
import { CurrentStepView, StepsView } from './steps-view';
import { STEPS, type Sending } from './way';
import { endTitle, failureTitle, toneOf } from './words';

export type SendSectionProps = Omit<ResultProps, 'sending'> & Omit<FailureProps, 'failure'>;

/** Shows a card while there is a message, and otherwise only an empty live region. */
export function SendSection(props: SendSectionProps) {
  const sending = store.sending.value;
  const question = store.question.value;
  return (
    <>
      <p class="unseen" role="status">
        {announcementOf(sending)}
      </p>
      {sending.kind !== 'idle' && <Card sending={sending} {...props} />}
      {question !== undefined && sending.kind !== 'idle' && (
        <DuplicateDialog question={question} proven={sending.way.proven} />
      )}
    </>
  );
}

type Shown = Exclude<Sending, { kind: 'idle' }>;

function Card({ sending, ...props }: SendSectionProps & { readonly sending: Shown }) {
  const { send } = text.value;
  const title = useRef<HTMLHeadingElement>(null);
  const { kind, way } = sending;
  const views = loaded.value;
  // The card takes the focus when it appears and when its kind changes.
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    title.current?.closest('section')?.scrollIntoView({ block: 'start' });
  }, [kind]);
  useSeen(kind === 'ended');
  return (
    <section
      class="card send-card"
      data-tone={toneOfCard(sending)}
      data-demo={way.demo ? '' : undefined}
      aria-labelledby="send-title"
    >
      <h2 id="send-title" tabindex={-1} ref={title}>
        {titleOf(sending)}
      </h2>
      {kind === 'ended' && views !== undefined && <views.ResultView sending={sending} {...props} />}
      {kind === 'failed' && <FailureView failure={sending.failure} {...props} />}
      {kind === 'ended' && store.remember.value && store.remembered.value === 'no' && (
        <p class="note">{send.forgotten}</p>
      )}
      <StepsView sending={sending} />
      {kind === 'under_way' && (
        <>
          <CurrentStepView way={way} />
          {store.remembered.value !== 'yes' && <p class="note">{send.keepOpen}</p>}
          <div class="buttons">
            <Button
              kind="quiet"
              onClick={() => {
                store.stop();
              }}
            >
              {way.sent === 'accepted' ? send.stopFollowing : send.stop}
            </Button>
          </div>
        </>
      )}
      {(kind === 'under_way' || (kind === 'failed' && store.can.value.ask)) && <RememberChoice />}
      {views !== undefined && <views.DetailsView sending={sending} />}
    </section>
  );
}

/** When the person can see how the message ended (the tab is visible), this device forgets the message. */
function useSeen(isEnded: boolean): void {
  useEffect(() => {
    if (!isEnded) return undefined;
    const seen = (): void => {
      if (document.visibilityState === 'visible') store.seen();
    };
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => {
      document.removeEventListener('visibilitychange', seen);
    };
  }, [isEnded]);
}

function titleOf(sending: Shown): string {
  const { send } = text.value;
  switch (sending.kind) {
    case 'under_way':
      return sending.way.resumed ? send.following : send.underWay;
    case 'failed':
      return failureTitle(sending.failure, sending.way, send);
    case 'ended':
      return endTitle(sending.result, sending.way, send);
  }
}

function toneOfCard(sending: Shown): 'plain' | 'good' | 'open' | 'bad' {
  if (sending.kind === 'under_way') return 'plain';
  if (sending.kind === 'failed') return sending.failure.sent === 'not_sent' ? 'bad' : 'open';
  return toneOf(sending.result.status, sending.way.demo);
}

/** Returns the text for screen readers: the step that was reached last. Empty at the end, because the focus then moves to the card. */
function announcementOf(sending: Sending): string {
  if (sending.kind !== 'under_way') return '';
  const { waiting, reachedAtMs } = sending.way;
  const { send } = text.value;
  if (waiting?.because === 'unreachable') return send.waiting.unreachable;
  const last = STEPS.findLast((name) => reachedAtMs[name] !== undefined);
  return last === undefined ? '' : send.steps[last];
}

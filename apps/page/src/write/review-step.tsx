import type { ComponentChildren } from 'preact';
import { RememberChoice } from '../send/remember';
import { followable } from '../send/sending';
import { SignIn } from '../sign-in/sign-in-block';
import { fill, text } from '../text/text';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { Developers } from './developers';
import { idOf, OFFICE_CODES_ID, type Step, type Topic } from './fields';
import { currentMessage, offices, reviewedMessage, state, topics, values } from './form';
import { obstacles } from './obstacles';
import { labelOf } from './problem-text';
import { hasDistricts } from './seats';
import { officeName } from './seat-name';
import { beforeSignIn } from './signing-in';
import { StepFrame } from './step-frame';
import { goTo } from './steps';
import { proves } from '../residence/choice';
import { ChoiceCard } from '../residence/choice-card';
import { ResidencePlace, residenceOptions } from '../residence/place';
import type { Message, ResidenceOptions } from '@communique-tee/client';

export interface ReviewStepProps {
  readonly onSend: (message: Message, residence: ResidenceOptions | undefined) => void;
  /** Whether a message is being sent. The button then ignores clicks. */
  readonly busy: boolean;
}

/** Step 3: everything as the offices will see it. Only the Send button sends the message. */
export function ReviewStep({ onSend, busy }: ReviewStepProps) {
  const { write, common } = text.value;
  const { review } = write;
  const open = obstacles.value;
  return (
    <StepFrame of="review">
      <p class="lead">{review.intro}</p>
      <Part title={review.to} step="address" control={officesControl()}>
        <ul class="plain">
          {offices.value.map((code) => (
            <li key={code}>{officeName(code)}</li>
          ))}
        </ul>
      </Part>
      <Part title={review.from} step="address" control={idOf('constituent/prefix')}>
        <From />
      </Part>
      <Part title={review.message} step="message" control={idOf('message/subject')}>
        <Words />
      </Part>
      <ChoiceCard />
      <ResidencePlace />
      <Card label={review.wayTitle}>
        <h3>{review.wayTitle}</h3>
        <p>{review.way}</p>
        <p>{proves.value ? review.serverSeesProven : review.serverSees}</p>
        <p>{review.serverCannot}</p>
      </Card>
      {!proves.value && <SignIn beforeLeaving={beforeSignIn} unsent={followable.value.length === 0} />}
      {open.length > 0 && (
        <div id="obstacles" role="status">
          <Card tone="open">
            <h3>{review.blocked}</h3>
            <ul class="plain">
              {open.map((obstacle) => (
                <li key={obstacle}>{review.reasons[obstacle]}</li>
              ))}
            </ul>
          </Card>
        </div>
      )}
      <RememberChoice />
      <div class="buttons">
        <Button
          busy={busy}
          blocked={open.length > 0}
          describedBy={open.length > 0 ? 'obstacles' : undefined}
          onClick={() => {
            const message = currentMessage();
            if (message !== null) onSend(message, residenceOptions());
          }}
        >
          {fill(review.send, { count: offices.value.length })}
        </Button>
        <Button
          kind="quiet"
          onClick={() => {
            goTo('message');
          }}
        >
          {common.backButton}
        </Button>
      </div>
      <Developers />
    </StepFrame>
  );
}

function Part({
  title,
  step,
  control,
  children,
}: {
  readonly title: string;
  readonly step: Step;
  /** Id of the control that Edit leads to. */
  readonly control: string;
  readonly children: ComponentChildren;
}) {
  const { review } = text.value.write;
  return (
    <Card label={title} class="review-part">
      <div class="review-head">
        <h3>{title}</h3>
        <Button
          kind="text"
          label={fill(review.editPart, { part: title })}
          onClick={() => {
            goTo(step, control);
          }}
        >
          {review.edit}
        </Button>
      </div>
      {children}
    </Card>
  );
}

/** Returns the id of the control by which the offices were chosen. */
function officesControl(): string {
  if (values.offices.value.trim() !== '') return OFFICE_CODES_ID;
  return idOf(state.value !== undefined && hasDistricts(state.value) ? 'district' : 'offices');
}

function From() {
  const { review } = text.value.write;
  // The values that are sent, which may differ from what was typed
  const person = reviewedMessage()?.constituent;
  if (person === undefined) return null;
  const lines = (...parts: readonly (string | undefined)[]) => parts.filter((part) => part !== undefined).join('\n');
  const { prefix, firstName, middleName, lastName, suffix, title, organization } = person;
  const name = [prefix, firstName, middleName, lastName, suffix].filter((part) => part !== undefined).join(' ');
  return (
    <dl class="facts">
      <Fact name={review.name}>{lines(name, title, organization)}</Fact>
      <Fact name={review.address}>
        {lines(person.address1, person.address2, person.address3, `${person.city}, ${person.state} ${person.zip}`)}
      </Fact>
      <Fact name={labelOf('constituent/email')}>{person.email}</Fact>
      {person.phone !== undefined && <Fact name={labelOf('constituent/phone')}>{person.phone}</Fact>}
    </dl>
  );
}

function Words() {
  const { write } = text.value;
  const message = reviewedMessage();
  if (message === null) return null;
  const { subject, body, stance, bills = [], moreInfo } = message.message;
  const answers = [
    ['responseRequested', message.responseRequested],
    ['newsletterOptIn', message.newsletterOptIn],
  ] as const;
  return (
    <>
      <dl class="facts">
        <Fact name={labelOf('message/topics')}>{topics.value.map(topicName).join('\n')}</Fact>
        {stance !== undefined && <Fact name={labelOf('message/stance')}>{write.review.stance[stance]}</Fact>}
        {bills.length > 0 && (
          <Fact name={labelOf('message/bills')}>
            {bills.map(({ congress, type, number }) => `${String(congress)} ${type} ${String(number)}`).join('\n')}
          </Fact>
        )}
        {moreInfo !== undefined && <Fact name={labelOf('message/moreInfo')}>{moreInfo}</Fact>}
        {answers.map(([field, answer]) =>
          answer === undefined ? null : (
            <Fact key={field} name={labelOf(field)}>
              {answer ? write.yes : write.no}
            </Fact>
          ),
        )}
        {values.campaignId.value !== '' && <Fact name={labelOf('campaignId')}>{values.campaignId.value}</Fact>}
        <Fact name={labelOf('message/subject')}>{subject}</Fact>
      </dl>
      <p class="letter">{body}</p>
    </>
  );
}

/** Returns the topic's name. In another language than English, it adds the English name, which the offices get. */
function topicName(topic: Topic): string {
  const { topics: names, write } = text.value;
  const name = names[topic];
  return name === topic ? name : fill(write.review.inEnglish, { name, english: topic });
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd class="lines">{children}</dd>
    </>
  );
}

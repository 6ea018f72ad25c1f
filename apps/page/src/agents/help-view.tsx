import { mostATaskCosts, type ModelOffer } from '@communique-tee/client';
import type { Task } from '@communique-tee/protocol';
import { useEffect, useRef, useState } from 'preact/hooks';
import { dollars, hourAndMinute } from '../amounts';
import { duration } from '../format';
import { proves } from '../residence/choice';
import { signIn } from '../sign-in/sign-in';
import { SignIn } from '../sign-in/sign-in-block';
import { started } from '../templates/published';
import { fill, language, LANGUAGES, nameOfLanguage, text } from '../text/text';
import { Button } from '../ui/button';
import { Details } from '../ui/details';
import { SelectField } from '../ui/field';
import { RadioGroup } from '../ui/radio-group';
import { values } from '../write/form';
import { AnswerView } from './answer-view';
import { budget } from './budget';
import type { Help } from './create-help';
import { beforeHelpSignIn, help, wasSigningIn } from './help';
import { models } from './offer';
import { failureWords, outcomeWords, providerName } from './words';

const TASKS = ['draft', 'shorten', 'subject', 'review'] as const satisfies readonly Task[];
const utf8 = new TextEncoder();

/** Sends no text until the person clicks the button that names the provider. */
export function AgentHelp() {
  const words = text.value.agents;
  const content = useRef<HTMLDivElement>(null);
  const state = help.help.value;
  useFocusInside(content, state.kind);
  if (models.value.length === 0) return null;
  return (
    <Details summary={words.title} open={wasSigningIn || state.kind !== 'idle'}>
      <div
        class="help"
        ref={content}
        onKeyDown={(event) => {
          // Enter in a radio button would submit the message's form
          if (event.key === 'Enter' && event.target instanceof HTMLInputElement) event.preventDefault();
        }}
      >
        <p>
          <strong>{words.who}</strong> {words.what}
        </p>
        <p class="hint">{words.notCongress}</p>
        <Choices />
        <p role="status" class={state.kind === 'under_way' ? undefined : 'unseen'}>
          {statusOf(state)}
        </p>
        {state.kind === 'under_way' && <UnderWay sinceMs={state.sinceMs} />}
        <Alert state={state} />
        {state.kind === 'answered' && <AnswerView state={state} most={mostOf(modelOf(state.asked.modelClass))} />}
      </div>
    </Details>
  );
}

function Choices() {
  const words = text.value.agents;
  const [task, setTask] = useState<Task>('draft');
  const [wanted, setWanted] = useState('');
  const [answerIn, setAnswerIn] = useState('');
  const offered = models.value.filter(({ tasks, available }) => available && tasks.includes(task));
  const model = offered.find(({ id }) => id === wanted) ?? offered[0];
  const languages = [...new Set([started.value?.language ?? language.value, ...LANGUAGES])];
  const isSignedIn = signIn.state.value === 'signed_in';
  const { value: left } = budget;
  const most = model && mostOf(model);
  const chosenLanguage = languages.find((code) => code === answerIn) ?? languages[0] ?? language.value;
  return (
    <>
      <RadioGroup
        id="help-task"
        label={words.task}
        column
        required
        value={task}
        options={TASKS.map((value) => ({ value, label: words.tasks[value] }))}
        onInput={(value) => {
          setTask(TASKS.find((each) => each === value) ?? 'draft');
        }}
      />
      {model === undefined ? (
        <p class="warning" role="status">
          {words.noModel}
        </p>
      ) : (
        <div class="fields">
          <SelectField
            id="help-model"
            label={words.model}
            hint={fill(words.reads, { provider: providerName(model) })}
            required
            width="half"
            value={model.id}
            options={offered.map((each) => ({ value: each.id, label: nameOf(each, offered) }))}
            onInput={setWanted}
          />
          <SelectField
            id="help-language"
            label={words.language}
            required
            width="half"
            value={chosenLanguage}
            options={languages.map((code) => ({ value: code, label: nameOfLanguage(code) }))}
            onInput={setAnswerIn}
          />
        </div>
      )}
      {model !== undefined && (
        <p id="help-cost" class="note">
          {most === undefined ? words.priceUnknown : fill(words.most, { most })}
          {isSignedIn &&
            left !== undefined &&
            ` ${fill(words.left, { left: dollars(left.left), time: hourAndMinute(left.resetsAtMs) })}`}
        </p>
      )}
      {proves.value && <p class="note">{words.notTheMessage}</p>}
      {!isSignedIn && <SignIn beforeLeaving={beforeHelpSignIn} why={words.signInWhy} />}
      {model !== undefined && isSignedIn && (
        <div class="buttons">
          <Button
            kind="quiet"
            busy={help.busy.value}
            describedBy="help-cost"
            onClick={() => {
              help.ask({ task, modelClass: model.id, language: chosenLanguage });
            }}
          >
            {fill(words.ask, { provider: providerName(model) })}
          </Button>
        </div>
      )}
    </>
  );
}

/** Returns provider and model, with the id of the model class if several classes have the same provider and model. */
function nameOf(model: ModelOffer, all: readonly ModelOffer[]): string {
  const name = fill(text.value.agents.modelName, { provider: providerName(model), model: model.model });
  const isOnly = all.filter((each) => each.provider === model.provider && each.model === model.model).length === 1;
  return isOnly ? name : `${name} (${model.id})`;
}

function modelOf(id: string): ModelOffer | undefined {
  return models.value.find((each) => each.id === id);
}

/** Returns the most that a task with the current text can cost: the price of two attempts. */
function mostOf(model: ModelOffer | undefined): string | undefined {
  const written = values['message/subject'].value.trim() + values['message/body'].value;
  const attempt = model && mostATaskCosts(model, utf8.encode(written).length);
  return typeof attempt === 'bigint' ? dollars(Number(attempt) * 2) : undefined;
}

/** Returns the text of the live region, which screen readers read out when it changes. */
function statusOf(state: Help): string {
  const words = text.value.agents;
  if (state.kind === 'under_way') {
    const model = modelOf(state.asked.modelClass);
    return fill(words.now[state.activity], { provider: model === undefined ? '' : providerName(model) });
  }
  return state.kind === 'answered' ? outcomeWords(state.result, state.asked.task === 'review', words) : '';
}

/** Outside the live region, because it changes every second. */
function UnderWay({ sinceMs }: { readonly sinceMs: number }) {
  const words = text.value.agents;
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      setNowMs(Date.now());
    }, 1000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return (
    <>
      <p class="note">{fill(words.elapsed, { time: duration(nowMs - sinceMs) })}</p>
      <div class="buttons">
        <Button
          kind="quiet"
          describedBy="help-stop-hint"
          onClick={() => {
            help.stop();
          }}
        >
          {words.stop}
        </Button>
      </div>
      <p class="hint" id="help-stop-hint">
        {words.stopHint}
      </p>
    </>
  );
}

function Alert({ state }: { readonly state: Help }) {
  const { agents: words, send } = text.value;
  return (
    <div role="alert">
      {state.kind === 'unsendable' && (
        <p class="field-error">{words.unsendable[state.problem.field][state.problem.code]}</p>
      )}
      {state.kind === 'failed' && (
        <p class="warning">
          {failureWords(state.failure, words, send)}{' '}
          {state.failure.sent === 'not_sent' ? words.notSent : words.maybeCharged}
        </p>
      )}
    </div>
  );
}

/** If a change of state removes the focused element, moves the focus to the answer's heading or the first button. */
function useFocusInside(content: { readonly current: HTMLElement | null }, kind: Help['kind']): void {
  const last = useRef(kind);
  useEffect(() => {
    const changed = last.current !== kind;
    last.current = kind;
    const { activeElement, body } = document;
    if (!changed || content.current === null || (activeElement !== null && activeElement !== body)) return;
    const target =
      kind === 'answered' ? content.current.querySelector('h3') : content.current.querySelector('.buttons button');
    if (target instanceof HTMLElement) target.focus({ preventScroll: kind !== 'answered' });
  }, [kind]);
}

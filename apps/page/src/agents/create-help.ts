// Runs one task for a model at a time, from the click to the answer. Sends nothing to Congress.
import type { AgentState, Client, Policy, TaskResult } from '@communique-tee/client';
import { agentTaskProblems, type Task } from '@communique-tee/protocol';
import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { failureOf as FailureOf } from '../send/client';
import { NotVerified, ownFailure, type Failure } from '../send/failure';

export interface Asked {
  readonly task: Task;
  readonly modelClass: string;
  /** The language of the answer. */
  readonly language: string;
}

/** Why the text cannot be sent. Found before the text is sealed. */
export interface Unsendable {
  readonly field: 'subject' | 'text';
  readonly code: 'too_short' | 'too_long' | 'invalid_characters';
}

/** `task_running`: an earlier task of this person has not ended. `busy`, `unreachable`: the page will post the same bytes again. */
export type Activity = 'checking' | 'sealing' | 'asking' | 'task_running' | 'busy' | 'unreachable';

export type Help =
  | { readonly kind: 'idle' }
  | { readonly kind: 'unsendable'; readonly problem: Unsendable }
  | { readonly kind: 'under_way'; readonly asked: Asked; readonly sinceMs: number; readonly activity: Activity }
  | {
      readonly kind: 'answered';
      readonly asked: Asked;
      readonly result: TaskResult;
      /** What can replace the field's text; undefined if nothing can, as after a review. */
      readonly suggestion: string | undefined;
      /** The field's text before the suggestion; undefined unless the suggestion is in the field. */
      readonly before: string | undefined;
    }
  | { readonly kind: 'failed'; readonly asked: Asked; readonly failure: Failure };

/** The loaded parts of the client library. */
export interface Library {
  readonly connect: (
    policy: Policy,
    options: { readonly signal: AbortSignal; readonly onState: (state: AgentState) => void },
  ) => Promise<Pick<Client, 'agent'>>;
  readonly failureOf: typeof FailureOf;
}

export interface Parts {
  /** @throws NotLoaded */
  readonly load: () => Promise<Library>;
  /** Undefined unless the enclave is verified. */
  readonly policy: () => Policy | undefined;
  readonly subject: Signal<string>;
  readonly body: Signal<string>;
  readonly now: () => number;
  /** Called when a task has ended. The budget, the offer or the sign-in may have changed. */
  readonly onEnd: (help: Help) => void;
  /** Reports an error in this page's own code. */
  readonly report: (error: unknown) => void;
}

export interface HelpStore {
  readonly help: ReadonlySignal<Help>;
  readonly busy: ReadonlySignal<boolean>;
  /** Seals the text and has it sent to the provider. Ignored while a task is under way. */
  ask(asked: Asked): void;
  /** Gives up waiting for the task. A provider that already has the task still finishes it. */
  stop(): void;
  /** Replaces the person's text with the suggestion. */
  use(): void;
  /** Puts the person's text back; the field's text becomes the suggestion, so neither is lost. */
  undo(): void;
  /** Closes an answer or a failure, and aborts a running task. */
  close(): void;
}

export function createHelp({ load, policy, subject, body, now, onEnd, report }: Parts): HelpStore {
  const help = signal<Help>({ kind: 'idle' });
  const busy = computed(() => help.value.kind === 'under_way');
  let giveUp = new AbortController();
  const fieldOf = ({ task }: Asked) => (task === 'subject' ? subject : body);

  const run = async (asked: Asked): Promise<void> => {
    const content = contentOf(asked, subject.peek(), body.peek());
    const problem = unsendable(content);
    if (problem !== undefined) {
      help.value = { kind: 'unsendable', problem };
      return;
    }
    const mine = new AbortController();
    giveUp = mine;
    help.value = { kind: 'under_way', asked, sinceMs: now(), activity: 'checking' };
    const onState = (state: AgentState): void => {
      const before = help.peek();
      if (giveUp === mine && before.kind === 'under_way')
        help.value = { ...before, activity: activityAfter(state, before.activity) };
    };
    const end = (next: Help): void => {
      // A task that the person closed is not shown any more
      if (giveUp === mine && help.peek().kind === 'under_way') help.value = next;
      onEnd(next);
    };
    let failureOf: typeof FailureOf = ownFailure;
    try {
      const accepted = policy();
      if (accepted === undefined) throw new NotVerified();
      const library = await load();
      failureOf = library.failureOf;
      const options = { signal: mine.signal, onState };
      const client = await library.connect(accepted, options);
      const result = await client.agent(content, options);
      const suggestion = asked.task === 'review' ? undefined : (result.text ?? undefined);
      end({ kind: 'answered', asked, result, suggestion, before: undefined });
    } catch (error) {
      const failure = failureOf(error, 'not_sent', now());
      end({ kind: 'failed', asked, failure });
      if (failure.code === 'page_fault') report(error);
    }
  };

  return {
    help,
    busy,
    ask(asked) {
      if (!busy.peek()) void run(asked);
    },
    stop() {
      giveUp.abort();
    },
    use() {
      const state = help.peek();
      if (state.kind !== 'answered' || state.suggestion === undefined || state.before !== undefined) return;
      const field = fieldOf(state.asked);
      const { suggestion } = state;
      batch(() => {
        help.value = { ...state, before: field.peek() };
        field.value = suggestion;
      });
    },
    undo() {
      const state = help.peek();
      if (state.kind !== 'answered' || state.before === undefined) return;
      const field = fieldOf(state.asked);
      const { before } = state;
      batch(() => {
        help.value = { ...state, suggestion: field.peek(), before: undefined };
        field.value = before;
      });
    },
    close() {
      giveUp.abort();
      help.value = { kind: 'idle' };
    },
  };
}

function contentOf({ task, modelClass, language }: Asked, subject: string, body: string) {
  const trimmed = subject.trim();
  return { task, modelClass, language, subject: trimmed === '' ? null : trimmed, text: body.replaceAll('\r\n', '\n') };
}

/** Returns why the text cannot be sent; undefined if it can. The client library and the enclave make the same checks. */
function unsendable(content: ReturnType<typeof contentOf>): Unsendable | undefined {
  const found = agentTaskProblems({ version: 1, ...content, maxOutputTokens: 64 });
  for (const field of ['text', 'subject'] as const) {
    const code = found.find(({ pointer }) => pointer === `/${field}`)?.code;
    if (code !== undefined)
      return { field, code: code === 'too_long' || code === 'too_short' ? code : 'invalid_characters' };
  }
  return undefined;
}

function activityAfter(state: AgentState, before: Activity): Activity {
  switch (state.step) {
    case 'attesting':
      return 'checking';
    case 'attested':
      return 'sealing';
    case 'posting':
      return 'asking';
    case 'waiting':
      if (state.because === 'task_running') return 'task_running';
      return state.because === 'unreachable' ? 'unreachable' : 'busy';
    default:
      return before;
  }
}

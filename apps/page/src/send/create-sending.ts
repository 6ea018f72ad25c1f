// Only this store knows whether a message is being sent. It is always in exactly one state of `Sending`.
import type {
  Client,
  DuplicateRisk,
  Message,
  Policy,
  ResidenceOptions,
  SendOptions,
  SendState,
  Sending as Running,
} from '@communique-tee/client';
import { batch, computed, signal, type ReadonlySignal } from '@preact/signals';
import type { failureOf as FailureOf } from './client';
import { NotVerified, ownFailure } from './failure';
import { MAX_KEPT, type KeptEntry, type MessageStorage } from './kept';
import { advance, newWay, resumedWay, type Sending, type Way } from './way';

/** A question that the client asks before an office may get the message twice. */
export interface Question {
  readonly risk: DuplicateRisk;
  readonly answer: (yes: boolean) => void;
}

/**
 * Whether this device has stored the message's data. `refused`: the browser stores nothing. `full`: the device already keeps the most
 * messages that it may.
 */
export type Remembered = 'no' | 'yes' | 'refused' | 'full';

/** The loaded parts of the client library. */
export interface Library {
  readonly connect: (
    policy: Policy,
    options: { readonly signal: AbortSignal; readonly onState: (state: SendState) => void },
  ) => Promise<Pick<Client, 'send' | 'resume'>>;
  readonly failureOf: typeof FailureOf;
}

export interface Parts {
  /** @throws NotLoaded */
  readonly load: () => Promise<Library>;
  /** Undefined unless the enclave is verified. */
  readonly policy: () => Policy | undefined;
  /** Whether the enclave is verified under a development root. */
  readonly demo: () => boolean;
  readonly messageStorage: MessageStorage;
  readonly now: () => number;
  /** Reports an error in this page's own code. */
  readonly report: (error: unknown) => void;
}

export interface SendingStore {
  readonly sending: ReadonlySignal<Sending>;
  readonly busy: ReadonlySignal<boolean>;
  /** The question that the person is asked now; undefined if there is none. */
  readonly question: ReadonlySignal<Question | undefined>;
  /** Whether the person wants this device to store the message. */
  readonly remember: ReadonlySignal<boolean>;
  readonly remembered: ReadonlySignal<Remembered>;
  /** Whether this page has everything needed to send the message, or to ask about its status. */
  readonly can: ReadonlySignal<{ readonly again: boolean; readonly ask: boolean }>;
  /** The data needed to follow the current message; undefined if there is none. */
  readonly kept: ReadonlySignal<KeptEntry | undefined>;
  /** Messages that the person closed before the page knew how they ended. Only in memory; the latest first. */
  readonly left: ReadonlySignal<readonly KeptEntry[]>;
  /**
   * Ignored while a message is being sent.
   * @param residence the inputs of the proof of residence; without them the message is sent with a token
   */
  startSending(message: Message, residence?: ResidenceOptions): void;
  /** Stops sending or following the message here. A server that has the message continues with it. */
  stop(): void;
  /** After a failure: sends the message again if it was certainly not sent; otherwise asks for its status. */
  tryAgain(): void;
  /** Follows a message that this device has kept. */
  resume(entry: KeptEntry): void;
  /** Returns to the form. Ignored while a message is under way. */
  close(): void;
  forgetLeft(id: string): void;
  setRemember(wanted: boolean): void;
  /** To be called when the person has seen how the message ended. This device then forgets the message. */
  seen(): void;
}

type Start = (client: Pick<Client, 'send' | 'resume'>, options: SendOptions) => Running;

export function createSending({ load, policy, demo, messageStorage, now, report }: Parts): SendingStore {
  const sending = signal<Sending>({ kind: 'idle' });
  const question = signal<Question | undefined>(undefined);
  const remember = signal(false);
  const remembered = signal<Remembered>('no');
  const message = signal<Message | undefined>(undefined);
  let proof: ResidenceOptions | undefined;
  const kept = signal<KeptEntry | undefined>(undefined);
  const left = signal<readonly KeptEntry[]>([]);
  const busy = computed(() => sending.value.kind === 'under_way');
  const can = computed(() => ({ again: message.value !== undefined, ask: kept.value !== undefined }));
  let giveUp = new AbortController();

  const keep = (): void => {
    if (kept.value !== undefined && remember.value) remembered.value = messageStorage.keep(kept.value);
  };
  const setKept = (entry: KeptEntry): void => {
    kept.value = entry;
    keep();
  };
  const forget = (): void => {
    if (kept.value !== undefined) messageStorage.forget(kept.value.kept.id);
    remembered.value = 'no';
  };

  /** For the current message: whether it would go to an enclave that the page no longer accepts. */
  let isOvertaken = (): boolean => false;
  let overtaken = false;

  const onState = (state: SendState): void => {
    // The message would be posted right after this state; after an abort the client does not post it.
    if ((state.step === 'resealing' || state.step === 'sealed') && isOvertaken()) {
      overtaken = true;
      giveUp.abort();
    }
    if (overtaken) return;
    const before = sending.value;
    if (before.kind !== 'under_way') return;
    const way = advance(before.way, state, now());
    batch(() => {
      sending.value = { kind: 'under_way', way };
      // From this state on the page may be closed; `kept` then allows to follow the message.
      if (state.step === 'sealed' || state.step === 'accepted')
        setKept({ keptAtMs: kept.value?.keptAtMs ?? now(), kept: state.kept });
    });
  };

  /** Pending until the person answers, or the message is aborted. */
  const confirm = (risk: DuplicateRisk): Promise<boolean> =>
    new Promise((resolve) => {
      question.value = {
        risk,
        answer: (yes) => {
          question.value = undefined;
          resolve(yes);
        },
      };
    });

  const run = async (first: Way, start: Start): Promise<void> => {
    giveUp = new AbortController();
    overtaken = false;
    const { signal: aborted } = giveUp;
    sending.value = { kind: 'under_way', way: first };
    let failureOf: typeof FailureOf = ownFailure;
    try {
      const accepted = policy();
      if (accepted === undefined) throw new NotVerified();
      const trusted = JSON.stringify(accepted);
      isOvertaken = () => JSON.stringify(policy()) !== trusted;
      const library = await load();
      failureOf = library.failureOf;
      const client = await library.connect(accepted, { signal: aborted, onState });
      const result = await start(client, { signal: aborted, onState, confirmPossibleDuplicate: confirm }).result;
      end((way) => ({ kind: 'ended', way, result }));
    } catch (error) {
      if (sending.value.kind !== 'under_way') return;
      const told = failureOf(error, sending.value.way.sent, now());
      const failure = overtaken ? ownFailure(new NotVerified(), told.sent) : told;
      end((way) => ({ kind: 'failed', way, failure }));
      if (failure.code === 'page_fault') report(error);
      if (failure.sent !== 'not_sent') return;
      forget();
      kept.value = undefined;
    }
  };

  const forgetLeft = (id: string): void => {
    left.value = left.peek().filter(({ kept: each }) => each.id !== id);
  };

  const end = (next: (way: Way) => Sending): void => {
    question.value?.answer(false);
    if (sending.value.kind === 'under_way') sending.value = next(sending.value.way);
  };

  const send = (content: Message, residence: ResidenceOptions | undefined): void => {
    proof = residence;
    batch(() => {
      message.value = content;
      kept.value = undefined;
      remembered.value = 'no';
    });
    void run(
      newWay({ demo: demo(), proven: residence !== undefined, offices: content.offices }, now()),
      (client, options) => client.send(content, { ...options, ...(residence && { residence }) }),
    );
  };

  const ask = (entry: KeptEntry, way: Way): void => {
    kept.value = entry;
    void run(way, (client, options) => client.resume(entry.kept, options));
  };

  return {
    sending,
    busy,
    question,
    remember,
    remembered,
    can,
    kept,
    left,
    forgetLeft,
    startSending(content, residence) {
      if (!busy.value) send(content, residence);
    },
    stop() {
      giveUp.abort();
    },
    tryAgain() {
      const state = sending.value;
      if (state.kind !== 'failed') return;
      if (state.failure.sent === 'not_sent' && message.value !== undefined) send(message.value, proof);
      else if (kept.value !== undefined)
        ask(kept.value, { ...state.way, sent: state.failure.sent, waiting: undefined, heardAtMs: now() });
    },
    resume(entry) {
      if (busy.value) return;
      // False for a message that was kept only during a sign-in
      const isKept = messageStorage.entries.peek().some(({ kept: { id } }) => id === entry.kept.id);
      batch(() => {
        forgetLeft(entry.kept.id);
        message.value = undefined;
        remember.value = isKept;
        remembered.value = isKept ? 'yes' : 'no';
      });
      ask(entry, resumedWay(entry, demo(), now()));
    },
    close() {
      if (busy.value) return;
      batch(() => {
        if (sending.value.kind === 'failed' && kept.value !== undefined)
          left.value = [kept.value, ...left.value].slice(0, MAX_KEPT);
        sending.value = { kind: 'idle' };
        message.value = undefined;
        proof = undefined;
        kept.value = undefined;
        remember.value = false;
        remembered.value = 'no';
      });
    },
    setRemember(wanted) {
      remember.value = wanted;
      if (wanted) keep();
      else forget();
    },
    seen() {
      if (sending.value.kind === 'ended') forget();
    },
  };
}

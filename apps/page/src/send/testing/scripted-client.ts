// A client that does what a spec tells it, state by state, and the parts of a store around it.
import {
  ClientError,
  type ClientErrorCode,
  type DuplicateRisk,
  type KeptMessage,
  type Message,
  type Policy,
  type SendOptions,
  type SendResult,
  type SendState,
  type Sending as Running,
  type Status,
  type StatusView,
  type VerifiedReport,
} from '@communique-tee/client';
import { failureOf } from '../client';
import { createSending, type SendingStore } from '../create-sending';
import { createMessageStorage, type MessageStorage } from '../kept';

export const ORIGIN = 'https://gateway.example';
export const ID = '00000000-0000-4000-8000-000000000001';
export const NOW_MS = Date.UTC(2026, 10, 29, 18, 0, 0);

/** A browser's storage. It throws while `refuses` is set. */
export class TestStorage {
  readonly values = new Map<string, string>();
  refuses = false;
  getItem(key: string): string | null {
    if (this.refuses) throw new DOMException('denied', 'SecurityError');
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.refuses) throw new DOMException('full', 'QuotaExceededError');
    this.values.set(key, value);
  }
  removeItem(key: string): void {
    if (this.refuses) throw new DOMException('denied', 'SecurityError');
    this.values.delete(key);
  }
}

export function keptMessage(id = ID, accepted = true): KeptMessage {
  return {
    v: 2,
    gateway: ORIGIN,
    id,
    suite: 'hpke-x25519-hkdfsha256-xchacha20poly1305',
    keyId: 'A'.repeat(22),
    expiresAt: NOW_MS / 1000 + 86_400,
    nullifier: null,
    sealedSha256: 'A'.repeat(43),
    answerKey: 'A'.repeat(43),
    statusSecret: null,
    accepted,
  };
}

export const message = { offices: ['HCA12', 'SCA01'] } as unknown as Message;

export function view(status: Status = 'queued', more: Partial<StatusView> = {}): StatusView {
  return {
    id: ID,
    status,
    acceptedAt: new Date(NOW_MS).toISOString(),
    expiresAt: new Date(NOW_MS + 86_400_000).toISOString(),
    endedAt: null,
    attempts: 0,
    nextAttemptAt: null,
    reason: null,
    receipt: null,
    sealedAnswer: null,
    ...more,
  };
}

type Office = VerifiedReport['offices'][number];
export function office(code: string, outcome: Office['outcome'], reason: string | null = null): Office {
  return { office: code, outcome, deliveryId: null, reason, detail: null };
}

export function report(offices: readonly Office[], problems: VerifiedReport['problems'] = []): VerifiedReport {
  return {
    timeSeconds: NOW_MS / 1000 + 5,
    pcr0: 'ab'.repeat(48),
    custody: 'process',
    offices,
    problems,
    receipt: { receipt: 'a.b.c', attestation_document: 'QUJD' },
  };
}

export function result(status: Status, of: VerifiedReport | null = null): SendResult {
  return {
    id: ID,
    status,
    reason: null,
    report: of,
    view: view(status),
    key: null,
    sealedSha256: new Uint8Array(32),
    resealed: false,
  };
}

export const sealed: SendState = { step: 'sealed', id: ID, sealed: new Uint8Array(1146), kept: keptMessage(ID, false) };

/** One call of `send` or `resume`, as a spec controls it. */
export interface Call {
  readonly kind: 'send' | 'resume';
  readonly given: unknown;
  tell(...states: readonly SendState[]): void;
  ask(risk: DuplicateRisk): Promise<boolean>;
  end(result: SendResult): Promise<void>;
  fail(error: unknown): Promise<void>;
  readonly signal: AbortSignal;
}

export interface Script {
  readonly store: SendingStore;
  readonly messageStorage: MessageStorage;
  readonly storage: TestStorage;
  readonly calls: Call[];
  readonly reported: unknown[];
  /** The error that `connect` throws; undefined if it succeeds. */
  connectError: ClientError | undefined;
  /** The error with which loading the library fails; undefined if it succeeds. */
  loadError: Error | undefined;
  policy: Policy | undefined;
  nowMs: number;
  /** Lets pending work finish, then returns the latest call. */
  call(): Promise<Call>;
}

export function script(storage = new TestStorage()): Script {
  const calls: Call[] = [];
  const reported: unknown[] = [];
  const messageStorage = createMessageStorage({
    key: 'kept',
    storage: () => storage,
    origin: ORIGIN,
    now: () => made.nowMs,
  });
  const start = (kind: Call['kind'], given: unknown, options: SendOptions): Running => {
    let settle!: { resolve: (value: SendResult) => void; reject: (error: unknown) => void };
    const promise = new Promise<SendResult>((resolve, reject) => {
      settle = { resolve, reject };
    });
    const { signal = new AbortController().signal } = options;
    signal.addEventListener('abort', () => {
      settle.reject(new ClientError('aborted', 'given up', { messageId: ID, sent: 'not_known' }));
    });
    calls.push({
      kind,
      given,
      signal,
      tell: (...states) => {
        for (const state of states) options.onState?.(state);
      },
      ask: async (risk) => (await options.confirmPossibleDuplicate?.(risk)) ?? false,
      end: async (value) => {
        settle.resolve(value);
        await settled();
      },
      fail: async (error) => {
        settle.reject(error);
        await settled();
      },
    });
    return { id: ID, result: promise } as Running;
  };
  const made: Script = {
    messageStorage,
    storage,
    calls,
    reported,
    connectError: undefined,
    loadError: undefined,
    policy: { acceptedMeasurements: [{ pcr0: 'ab'.repeat(48), operator: 'any' }] },
    nowMs: NOW_MS,
    call: async () => {
      await settled();
      const last = calls.at(-1);
      if (last === undefined) throw new Error('the client was not called');
      return last;
    },
    store: createSending({
      load: () =>
        made.loadError === undefined
          ? Promise.resolve({
              failureOf,
              connect: () =>
                made.connectError === undefined
                  ? Promise.resolve({
                      send: (given, options = {}) => start('send', given, options),
                      resume: (given, options = {}) => start('resume', given, options),
                    })
                  : Promise.reject(made.connectError),
            })
          : Promise.reject(made.loadError),
      policy: () => made.policy,
      demo: () => false,
      messageStorage,
      now: () => made.nowMs,
      report: (error) => reported.push(error),
    }),
  };
  return made;
}

/** Waits for a few turns of the microtask queue, which is enough because nothing here takes time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

export function refused(
  status: number,
  problem?: string,
  more: ConstructorParameters<typeof ClientError>[2] = {},
): ClientError {
  return failed('refused', { status, ...(problem !== undefined && { problem }), ...more });
}

export function failed(code: ClientErrorCode, more: ConstructorParameters<typeof ClientError>[2] = {}): ClientError {
  return new ClientError(code, code, more);
}

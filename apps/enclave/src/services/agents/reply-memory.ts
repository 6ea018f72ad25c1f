import type { AgentReply } from '@communique-tee/protocol';
import type { Clock } from '../../runtime/clock';

export type AttemptNumber = 1 | 2;

/** A reply, and whether the provider bills for it. */
export interface BillableReply {
  readonly reply: AgentReply;
  readonly isBilled: boolean;
}

/** One attempt at a task, running or ended, and the callers that wait for its reply. */
export class RememberedAttempt {
  private ended: BillableReply | null = null;
  private waiting = 0;
  private readonly cancellation = new AbortController();
  private readonly running: Promise<BillableReply>;

  /** @param run gets a signal that aborts once every caller has left */
  constructor(run: (allLeft: AbortSignal) => Promise<BillableReply>) {
    this.running = run(this.cancellation.signal).then((reply) => (this.ended = reply));
  }

  /** Null while the attempt runs, and if it ended without a reply. */
  get outcome(): BillableReply | null {
    return this.ended;
  }

  /** Settles when the attempt has ended. */
  get whenEnded(): Promise<unknown> {
    return this.running;
  }

  /** @param left aborts when the caller's connection closes */
  async join(left: AbortSignal): Promise<AgentReply> {
    this.waiting++;
    const leave = (): void => {
      this.waiting--;
      if (this.waiting === 0) this.cancellation.abort();
    };
    if (left.aborted) leave();
    else left.addEventListener('abort', leave, { once: true });
    try {
      return (await this.running).reply;
    } finally {
      left.removeEventListener('abort', leave);
    }
  }
}

interface Remembered {
  readonly attempts: Map<AttemptNumber, RememberedAttempt>;
  /** Until when the task and its attempts are kept; Infinity while one runs. */
  untilMs: number;
}

/** The least time that a reply is kept: the longest lifetime of a task. */
const KEEP_MS = 10 * 60_000;

/**
 * Remembers attempts by the hash of the request, so that the same bytes never reach a provider twice under one reservation. A full memory
 * drops replies that cost nothing. It keeps paid replies until their time is over, and has no room for new tasks until then.
 */
export class ReplyMemory {
  private readonly tasks = new Map<string, Remembered>();

  constructor(
    private readonly maxReplies: number,
    private readonly clock: Clock,
  ) {}

  find(request: string, attempt: AttemptNumber): RememberedAttempt | undefined {
    return this.live(request)?.attempts.get(attempt);
  }

  /** Makes room by dropping replies that cost nothing, and returns whether one more attempt can be remembered. */
  hasRoom(): boolean {
    if (this.size < this.maxReplies) return true;
    for (const request of this.tasks.keys()) this.live(request);
    let { size } = this;
    for (const [request, { attempts }] of this.tasks) {
      if (size < this.maxReplies) break;
      if ([...attempts.values()].some(({ outcome }) => outcome?.isBilled !== false)) continue;
      this.tasks.delete(request);
      size -= attempts.size;
    }
    return size < this.maxReplies;
  }

  /** @param expiresAtMs when the request expires; until then a caller may send the same bytes again */
  put(request: string, attempt: AttemptNumber, remembered: RememberedAttempt, expiresAtMs: number): void {
    const task = this.live(request) ?? { attempts: new Map(), untilMs: Infinity };
    this.tasks.set(request, task);
    task.attempts.set(attempt, remembered);
    task.untilMs = Infinity;
    const keep = (): void => {
      task.untilMs = Math.max(this.clock.nowMs() + KEEP_MS, expiresAtMs);
    };
    remembered.whenEnded.then(keep, keep);
  }

  /** Forgets an attempt that cost nothing and has no reply, so that the same bytes may begin a new one. */
  forget(request: string, attempt: AttemptNumber): void {
    const task = this.tasks.get(request);
    task?.attempts.delete(attempt);
    if (task?.attempts.size === 0) this.tasks.delete(request);
  }

  private get size(): number {
    let size = 0;
    for (const { attempts } of this.tasks.values()) size += attempts.size;
    return size;
  }

  private live(request: string): Remembered | undefined {
    const task = this.tasks.get(request);
    if (task && task.untilMs <= this.clock.nowMs()) {
      this.tasks.delete(request);
      return undefined;
    }
    return task;
  }
}

import { sameModel } from '@communique-tee/agents';
import { decodeUtf8, type AgentEnd, type Usage, type UsageState } from '@communique-tee/protocol';
import { HttpsError, httpsPost, type Egress, type HttpsAnswer } from '../../../egress';
import type { Clock } from '../../../runtime/clock';
import { anthropic } from './anthropic';
import type { Answered, Credentials, Dialect, Json, Question } from './dialect';
import { gemini } from './gemini';
import { openai } from './openai';
import { paddedJson } from './padded-json';

export const DIALECTS = { openai, gemini, anthropic } as const satisfies Record<Dialect['provider'], Dialect>;

/** The result of one request to a provider. */
export interface Attempt {
  readonly end: AgentEnd;
  /** The model's text; empty if the model wrote none or the attempt failed. */
  readonly text: string;
  /** Whether the text stopped at the maximum output. */
  readonly isCut: boolean;
  readonly usageState: UsageState;
  /** Null unless `usageState` is `reported`. */
  readonly usage: Usage | null;
  readonly servedModel: string | null;
  /** The wait before a second attempt; null if a second attempt would not help. */
  readonly againAfterMs: number | null;
  readonly skippedParts: number;
}

export interface ProviderTarget {
  readonly dialect: Dialect;
  readonly origin: string;
  /** PEM. */
  readonly authorities: readonly string[];
  /** The time limit for everything, from name resolution to the last byte of the answer. */
  readonly timeoutMs: number;
}

/** An answer with 2,048 tokens of text takes about 20 KB. Thoughts and signatures may add much more. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** The longest wait before a second attempt. A person is waiting, so before a longer wait the person decides. */
const SHORT_WAIT_MS = 10_000;
const DEFAULT_WAIT_MS = 1000;

/**
 * Sends one request to a provider and never repeats it. The result contains no text of the provider except the model's answer.
 * @param requestBytes the length of the padded request body
 * @param beforeSending aborts the request if none of its bytes was sent yet
 */
export async function askProvider(
  { dialect, origin, authorities, timeoutMs }: ProviderTarget,
  question: Question,
  {
    credentials,
    requestBytes,
    egress,
    clock,
    beforeSending,
  }: {
    credentials: Credentials;
    requestBytes: number;
    egress: Egress;
    clock: Clock;
    beforeSending: AbortSignal;
  },
): Promise<Attempt> {
  let answer: HttpsAnswer;
  try {
    answer = await httpsPost(egress, {
      destination: dialect.provider,
      origin,
      target: dialect.target(question.row.model),
      authorities,
      clock,
      headers: {
        ...dialect.headers(credentials),
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': 'identity',
      },
      body: paddedJson(dialect.request(question), requestBytes),
      maxAnswerBytes: MAX_ANSWER_BYTES,
      timeoutMs,
      signalBeforeSending: beforeSending,
    });
  } catch (error) {
    if (!(error instanceof HttpsError)) throw error;
    return withoutAnswer(error);
  }
  return attemptFrom(dialect, question, answer);
}

/** Never throws, whatever the provider's answer contains. */
export function attemptFrom(dialect: Dialect, question: Question, answer: HttpsAnswer): Attempt {
  return answer.status === 200 ? fromSuccess(dialect, question, answer) : fromError(dialect, answer);
}

function withoutAnswer({ reason, sent }: HttpsError): Attempt {
  // Repeatable: `aborted`, because the caller may ask again; `unreachable`, because the parent's proxy may have been restarting
  if (!sent)
    return failed('not_sent', 'not_billed', { aborted: 0, unreachable: DEFAULT_WAIT_MS }[String(reason)] ?? null);
  if (reason === 'answer_timeout') return failed('timed_out', 'unknown');
  if (reason === 'malformed_answer') return failed('malformed', 'unknown');
  return failed('lost', 'unknown', DEFAULT_WAIT_MS);
}

/** For a status other than 200. No provider bills an error status (400 to 599). */
function fromError(dialect: Dialect, answer: HttpsAnswer): Attempt {
  if (answer.status < 400 || answer.status > 599) return failed('malformed', 'unknown');
  const header = (name: string) => {
    const value = answer.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const { end, waitMs } = dialect.failed(answer.status, jsonIn(answer) ?? null, header);
  return failed(end, 'not_billed', againAfter(end, waitMs));
}

function againAfter(end: AgentEnd, waitMs: number | null): number | null {
  const mayHelp = end === 'rate' ? waitMs !== null : end === 'overloaded' || end === 'server_error';
  const afterMs = waitMs ?? DEFAULT_WAIT_MS;
  return mayHelp && afterMs <= SHORT_WAIT_MS ? afterMs : null;
}

/** For status 200. The provider began the work, so the attempt costs the full reservation unless the answer has a valid usage. */
function fromSuccess(dialect: Dialect, question: Question, answer: HttpsAnswer): Attempt {
  if (answer.cutBy === 'deadline') return failed('timed_out', 'unknown');
  if (answer.cutBy === 'connection') return failed('lost', 'unknown', DEFAULT_WAIT_MS);
  const body = jsonIn(answer);
  if (body === undefined) return failed('malformed', 'unknown');
  const answered = dialect.answered(body, question);
  if (!answered) return failed(dialect.failed(200, body, () => undefined).end, 'unknown');
  return settled(answered, question.row.model);
}

function settled({ end, text, usage, servedModel, asRequested, skippedParts }: Answered, model: string): Attempt {
  // Another model or tier has another price
  const isAsConfigured = asRequested && (servedModel === null || sameModel(model, servedModel));
  const reported = isAsConfigured && usage !== null;
  const hasEnded = end === 'complete' || end === 'cut';
  return {
    end: !isAsConfigured ? 'tier_mismatch' : hasEnded && text.trim() === '' ? 'empty' : end,
    text: hasEnded ? text : '',
    isCut: end === 'cut',
    usageState: reported ? 'reported' : 'invalid',
    usage: reported ? usage : null,
    servedModel,
    againAfterMs: null,
    skippedParts,
  };
}

function failed(end: AgentEnd, usageState: UsageState, againAfterMs: number | null = null): Attempt {
  return { end, text: '', isCut: false, usageState, usage: null, servedModel: null, againAfterMs, skippedParts: 0 };
}

/** Returns the parsed body; undefined if it is cut, encoded, not UTF-8 or not JSON. */
function jsonIn({ body, cutBy, headers }: HttpsAnswer): Json {
  const encoding = headers['content-encoding'];
  if (cutBy !== null || (encoding !== undefined && encoding !== 'identity')) return undefined;
  try {
    return JSON.parse(decodeUtf8(body)) as Json;
  } catch {
    return undefined;
  }
}

import { agentResultSchema, fromBase64, LIMITS, type AgentResult } from '@communique-tee/protocol';
import type { AgentState } from '../api';
import { ClientError, type WhetherSent } from '../errors';
import { accessHeaders } from '../gateway';
import { open, readBounded, readJson, refusal, withSignal } from '../http';
import { throwIfAborted, unlessAborted, withRetries } from '../retry';
import { combineWhetherSent, sentByTaskPost } from '../whether-sent';
import type { PreparedTask } from './prepare-task';

/** Ten seconds longer than the gateway allows. */
const TIMEOUT_MS = (LIMITS.taskSeconds + 10) * 1000;
/** No post starts later than this after the first one. */
const BUDGET_MS = 150_000;
const MAX_POSTS = 6;

/** Refusals after which a retry of the same task may succeed. `undefined` is a refusal by a proxy, which has no code. */
const PASSING: ReadonlySet<string | undefined> = new Set([
  undefined,
  'database_unavailable',
  'enclave_busy',
  'enclave_timeout',
  'enclave_unavailable',
  'internal_error',
  'keys_not_ready',
  'overloaded',
  'rate_limited',
  'shutting_down',
  'task_running',
]);

export interface PostTaskOptions {
  readonly gateway: URL;
  /** @throws ClientError `token_unavailable` */
  readonly token: () => Promise<string>;
  readonly signal?: AbortSignal | undefined;
  readonly onState: (state: AgentState) => void;
  /** Called after each failed post. `sent` is what all posts so far show. */
  readonly onSent: (sent: WhetherSent) => void;
}

/** The gateway's answer to a task. */
export interface PostedTask {
  readonly statement: string;
  readonly attestationDocument: Uint8Array;
  /** Null if the gateway answered `provider_unavailable`. */
  readonly answer: { readonly sealed: Uint8Array; readonly attempts: 1 | 2 } | null;
}

/**
 * Posts a sealed task until there is an answer. It always posts the same bytes: the enclave runs the task once, then answers from memory.
 * After the first 401 it asks for another token.
 * @throws ClientError
 */
export async function postTask(prepared: PreparedTask, options: PostTaskOptions): Promise<PostedTask> {
  const { signal, onState, onSent } = options;
  let sent: WhetherSent = 'not_sent';
  let hasAskedAgain = false;
  const post = async (attempt: number): Promise<PostedTask | ClientError> => {
    onState({ step: 'posting', attempt });
    const token = await unlessAborted(options.token(), signal);
    throwIfAborted(signal);
    try {
      return await postOnce(prepared, token, options);
    } catch (error) {
      sent = combineWhetherSent(sent, sentByTaskPost(error));
      onSent(sent);
      if (!(error instanceof ClientError)) throw error;
      if (error.status === 401 && !hasAskedAgain) {
        hasAskedAgain = true;
        onState(waiting(0, error));
        return post(attempt);
      }
      if (error.code === 'refused' && !PASSING.has(error.problem)) return error;
      throw error;
    }
  };
  const posted = await withRetries(post, {
    budgetMs: BUDGET_MS,
    maxAttempts: MAX_POSTS,
    signal,
    onWait: (waitMs, error) => {
      onState(waiting(waitMs, error));
    },
  });
  if (posted instanceof ClientError) throw posted;
  return posted;
}

async function postOnce(
  { id, request }: PreparedTask,
  token: string,
  { gateway, signal }: PostTaskOptions,
): Promise<PostedTask> {
  const response = await open(
    new URL('/api/agents', gateway),
    {
      method: 'POST',
      headers: { ...accessHeaders({ token }), 'content-type': 'application/cbor', accept: 'application/json' },
      body: new Uint8Array(request),
      ...withSignal(signal),
    },
    TIMEOUT_MS,
  );
  if (!response.ok) {
    const body = await readBounded(response).catch(() => new Uint8Array());
    const failed = readFailure(body);
    if (failed !== undefined) return failed;
    throw refusal(response, body);
  }
  const result = readResult(await readBounded(response));
  if (result.id !== id) throw new ClientError('answer_invalid', 'the answer is about another task');
  const { statement, attestationDocument, answer, attempts } = result;
  return {
    statement,
    attestationDocument: fromBase64(attestationDocument),
    answer: { sealed: fromBase64(answer), attempts },
  };
}

/** @throws ClientError `answer_invalid` */
function readResult(body: Uint8Array): AgentResult {
  const parsed = agentResultSchema.safeParse(readJson(body));
  if (!parsed.success) throw new ClientError('answer_invalid', 'the answer does not have the form of a task result');
  return parsed.data;
}

/** Returns the statement in a `provider_unavailable` problem. Returns undefined for any other refusal. */
function readFailure(body: Uint8Array): PostedTask | undefined {
  let document: unknown;
  try {
    document = readJson(body);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const { code, statement, attestationDocument } = document as Record<string, unknown>;
  if (code !== 'provider_unavailable' || typeof statement !== 'string' || typeof attestationDocument !== 'string')
    return undefined;
  return { statement, attestationDocument: fromBase64(attestationDocument), answer: null };
}

function waiting(waitMs: number, { problem, code }: ClientError): AgentState {
  return { step: 'waiting', during: 'posting', waitMs, because: problem ?? code };
}

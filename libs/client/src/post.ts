import type { MessageView } from '@communique-tee/protocol';
import type { SendState } from './api';
import { aboutMessage, asClientError } from './as-client-error';
import { ClientError, type WhetherSent } from './errors';
import { fetchMessage, postMessage, type Access, type GatewayOptions } from './gateway';
import type { PreparedMessage } from './prepare';
import { throwIfAborted, unlessAborted, withRetries } from './retry';
import { combineWhetherSent, isOfTheMoment, mayHideAnotherPost, sentByPost } from './whether-sent';

export interface PostOptions {
  readonly gateway: string | URL;
  /** Null to post a proven message without a token. @throws ClientError `token_unavailable` */
  readonly token: (() => Promise<string>) | null;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds after the first attempt in which another one may start. */
  readonly budgetMs: number;
  readonly maxAttempts: number;
  /** What earlier posts of the same message id have proven. */
  readonly before: WhetherSent;
  readonly onState: (state: SendState) => void;
}

/**
 * Posts a sealed message until the gateway accepts it or gives an answer that will not change. It always posts the same bytes under the
 * same Idempotency-Key, which the gateway accepts once. After a 401 it asks the caller once for another token.
 *
 * A browser may post the message twice and show only the second answer. So after a refusal for which `mayHideAnotherPost` is true, the
 * function asks the gateway once whether it has the message, before it reports `not_sent`.
 * @throws ClientError whose `sent` is what all attempts together prove
 */
export async function postUntilAnswered(prepared: PreparedMessage, options: PostOptions): Promise<MessageView> {
  const { gateway, signal, onState } = options;
  let sent = options.before;
  let hasAskedAgain = false;
  let access: Access | undefined;
  /** What to report if the gateway does not tell whether it has the message. Undefined if no refusal needs that question. */
  let otherwise: WhetherSent | undefined;
  const post = async (attempt: number): Promise<MessageView> => {
    onState({ step: 'posting', attempt });
    const token = options.token === null ? undefined : await unlessAborted(options.token(), signal);
    // If the caller aborted before this line, this attempt sends nothing.
    throwIfAborted(signal);
    access = prepared.proven === undefined ? { token } : { statusSecret: prepared.proven.statusSecret };
    try {
      return await postMessage({ gateway, token, ...(signal && { signal }) }, prepared);
    } catch (error) {
      sent = combineWhetherSent(sent, sentByPost(error));
      if (mayHideAnotherPost(error))
        otherwise = combineWhetherSent(otherwise ?? 'not_sent', isOfTheMoment(error) ? 'not_known' : 'not_sent');
      if (!(error instanceof ClientError) || error.status !== 401 || token === undefined || hasAskedAgain) throw error;
      hasAskedAgain = true;
      onState(waiting(0, error));
      return post(attempt);
    }
  };
  try {
    return await withRetries(post, {
      ...options,
      onWait: (waitMs, error) => {
        onState(waiting(waitMs, error));
      },
    });
  } catch (thrown) {
    const error = asClientError(thrown, signal);
    if (sent === 'not_sent' && otherwise !== undefined && access !== undefined) {
      const found = await storedMessage({ gateway, signal, ...access }, prepared.id, otherwise);
      if (typeof found === 'object') return found;
      sent = found;
    }
    throw aboutMessage(error, prepared.id, sent);
  }
}

/** Returns the message if the gateway has it, `not_sent` if the gateway answers that it does not, and `otherwise` after any other answer. */
async function storedMessage(
  options: GatewayOptions,
  id: string,
  otherwise: WhetherSent,
): Promise<MessageView | WhetherSent> {
  try {
    const view = await fetchMessage(options, id);
    return view.id === id ? view : otherwise;
  } catch (error) {
    return error instanceof ClientError && error.status === 404 && error.problem === 'not_found'
      ? 'not_sent'
      : otherwise;
  }
}

function waiting(waitMs: number, { problem, code }: ClientError): SendState {
  return { step: 'waiting', during: 'posting', waitMs, because: problem ?? code };
}

import { ClientError, fetchMessage, watchMessage, type TrustPolicy } from '@communique-tee/client';
import type { MessageView } from '@communique-tee/protocol';
import type { Context } from '../command';
import { reaching } from '../gateway';
import type { KeptMessage } from '../kept-messages';
import { standingOf, type Standing } from './report';

/** After its expiry the gateway ends a message; it may be a little late. */
const AFTER_EXPIRY_MS = 120_000;

/** Its status now. */
export async function check(
  kept: KeptMessage,
  policy: TrustPolicy,
  token: string,
  { signal }: Context,
): Promise<Standing> {
  const view = await reaching(kept.gateway, () =>
    fetchMessage({ gateway: kept.gateway, token, signal }, kept.prepared.id),
  );
  return standingOf(view, kept, policy);
}

/**
 * Each change, until its end or until `waitSeconds` are over (null: as long as it may take).
 * @returns as it stood last
 */
export async function follow(
  kept: KeptMessage,
  policy: TrustPolicy,
  token: string,
  waitSeconds: number | null,
  context: Context,
): Promise<Standing> {
  const { gateway, prepared } = kept;
  const expiresMs = prepared.message.expiresAtSeconds * 1000 + AFTER_EXPIRY_MS;
  const deadlineMs = waitSeconds === null ? expiresMs : Math.min(expiresMs, Date.now() + waitSeconds * 1000);
  let last: MessageView | undefined;
  try {
    for await (const view of watchMessage(prepared.id, {
      gateway,
      token: () => Promise.resolve(token),
      signal: context.signal,
      deadlineMs,
    })) {
      last = view;
      context.err(`  ${view.status}${view.attempts > 0 ? `, attempts ${String(view.attempts)}` : ''}\n`);
    }
  } catch (error) {
    // The wait is over: the last status is still an answer
    if (!(error instanceof ClientError) || error.code !== 'timeout') throw error;
  }
  return last === undefined ? check(kept, policy, token, context) : standingOf(last, kept, policy);
}

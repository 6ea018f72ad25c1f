import { ClientError, resumeMessage, type TrustPolicy } from '@communique-tee/client';
import { isEnded } from '@communique-tee/protocol';
import type { Context } from '../command';
import type { KeptMessages, StoredMessage } from '../kept-messages';
import type { SentMessageStatus } from './report';

export interface FollowOptions {
  /** The gateway to ask: the one that the message was sent to, or another of the same service. */
  readonly gateway: URL;
  readonly policy: TrustPolicy;
  /** Null for a proven message, whose status secret was stored. */
  readonly token: string | null;
  /** null: waits until the message ends. 0: returns the status now. */
  readonly waitSeconds: number | null;
  /** The stored messages. `follow` notes in them how the message ended, for `list`. */
  readonly state: KeptMessages;
}

/**
 * Prints each change until the message ends or `waitSeconds` are over. Verifies the receipt and opens the answer.
 * @returns the message's last status
 * @throws ClientError
 */
export async function follow(
  stored: StoredMessage,
  { gateway, policy, token, waitSeconds, state: keptMessages }: FollowOptions,
  { signal, err }: Context,
): Promise<SentMessageStatus> {
  let last: SentMessageStatus | undefined;
  const { result } = resumeMessage(
    { gateway, trust: policy, token: () => Promise.resolve(token ?? '') },
    { ...stored.kept, gateway: gateway.origin },
    {
      signal,
      ...(waitSeconds !== null && { followTimeoutMs: waitSeconds * 1000 }),
      onState: (state) => {
        if (state.step === 'waiting')
          err(`  waiting ${String(Math.ceil(state.waitMs / 1000))} s to ask again: ${state.because}\n`);
        if (state.step !== 'status') return;
        const { view, report } = state;
        last = { view, report, ownRoot: policy.trustAnchor !== undefined, proven: stored.kept.statusSecret !== null };
        if (waitSeconds !== 0)
          err(`  ${view.status}${view.attempts > 0 ? `, attempts ${String(view.attempts)}` : ''}\n`);
      },
    },
  );
  try {
    await result;
  } catch (error) {
    // After `waitSeconds` the last status is the result
    if (!(error instanceof ClientError) || error.code !== 'timeout') throw error;
  }
  if (last === undefined) throw new Error('a message that was followed has no status');
  const { status } = last.view;
  if (isEnded(status)) keptMessages.noteEnd(stored, status);
  return last;
}

import { isEnded, type MessageView } from '@communique-tee/protocol';
import type { SendState, VerifiedReport } from './api';
import { ClientError } from './errors';
import { verifyReport } from './report';
import type { Followed } from './result';
import type { Sender } from './send-message';
import { watchMessage } from './watch';

/** How long after its expiry the gateway may end a message. */
const AFTER_EXPIRY_MS = 120_000;

export interface FollowToEndOptions {
  readonly sender: Omit<Sender, 'keys'>;
  /** The offices of the sealed message. Null if they are not known. */
  readonly offices: readonly string[] | null;
  readonly signal?: AbortSignal | undefined;
  /** The default is until the message expires. 0: one request. */
  readonly followTimeoutMs?: number | undefined;
  readonly onView?: (view: MessageView) => void;
  readonly onState: (state: SendState) => void;
}

/**
 * Follows a message to its end and verifies every receipt on the way.
 * @throws ReceiptError; CryptoError; ProtocolError; ClientError `timeout`, `aborted`, `unreachable`, `token_unavailable`, `refused`,
 * `receipt_refused` or `answer_invalid`
 */
export async function followToEnd(
  followed: Followed,
  { sender, offices, signal, followTimeoutMs, onView, onState }: FollowToEndOptions,
): Promise<{ view: MessageView; report: VerifiedReport | null }> {
  const expiresMs = followed.message.expiresAtSeconds * 1000 + AFTER_EXPIRY_MS;
  const deadlineMs = followTimeoutMs === undefined ? expiresMs : Math.min(expiresMs, Date.now() + followTimeoutMs);
  let known: { readonly receipt: string; readonly report: VerifiedReport | null } | undefined;
  for await (const view of watchMessage(followed.id, {
    gateway: sender.gateway,
    token: sender.token,
    statusSecret: followed.proven?.statusSecret,
    signal,
    deadlineMs,
    onWait: (waitMs, { problem, code }) => {
      onState({ step: 'waiting', during: 'following', waitMs, because: problem ?? code });
    },
  })) {
    onView?.(view);
    const receipt = JSON.stringify([view.receipt, view.sealedAnswer]);
    // An unchanged receipt is not verified again, except to compare it with the final status.
    const report =
      known !== undefined && known.receipt === receipt && !isEnded(view.status)
        ? known.report
        : await verifyReport(view, followed, offices, sender.trust);
    known = { receipt, report };
    onState({ step: 'status', view, report });
    if (isEnded(view.status)) return { view, report };
  }
  throw new ClientError('answer_invalid', 'the gateway stopped before it reported a final status');
}

import type { KeptMessage, ResumeOptions, SendResult, SendState, Sending } from './api';
import { aboutMessage, asClientError } from './as-client-error';
import { followToEnd } from './follow';
import { readKept, type ReadKept } from './kept';
import type { Sender } from './send-message';
import { startSending } from './sending';

type Follower = Omit<Sender, 'keys'>;

/**
 * Follows an earlier message until it ends; another program may have sealed it. Posts nothing and seals nothing.
 * @throws ClientError `kept_invalid`, at once; every other failure rejects the sending's `result`
 */
export function resumeMessage(sender: Follower, kept: KeptMessage, options: ResumeOptions): Sending {
  const read = readKept(kept, sender.gateway);
  return startSending(read.followed.id, options.onState, (tell) => follow(sender, kept, read, options, tell));
}

async function follow(
  sender: Follower,
  kept: KeptMessage,
  { followed, sent: before }: ReadKept,
  options: ResumeOptions,
  tell: (state: SendState) => void,
): Promise<SendResult> {
  const { id, sealedSha256 } = followed;
  let sent = before;
  let answered = false;
  try {
    const { view, report } = await followToEnd(followed, {
      ...options,
      sender,
      offices: null,
      onView: (view) => {
        if (answered) return;
        answered = true;
        sent = 'accepted';
        tell({ step: 'accepted', view, kept: { ...kept, accepted: true } });
      },
      onState: tell,
    });
    const { status, reason } = view;
    const result = { id, status, reason, report, view, key: null, sealedSha256, resealed: false };
    tell({ step: 'ended', result });
    return result;
  } catch (error) {
    throw aboutMessage(asClientError(error, options.signal), id, sent);
  }
}

import { type MessageView, toBase64Url } from '@communique-tee/protocol';
import type { DeliveryJob, Message } from '../../core/database/generated/client';
import type { Reader } from '../auth/reader';
import type { Stored } from '../acceptance/accept-messages';
import type { Submission } from '../acceptance/submission';

/** What a view needs besides the row of the message. */
export const WITH_JOB = { job: { select: { nextAttemptAt: true } } } as const;
export type MessageWithJob = Message & { readonly job: Pick<DeliveryJob, 'nextAttemptAt'> | null };

/**
 * Whether the reader owns the message, or presents its status secret. A message with a proof can be read only with its status secret,
 * because its owner may have copied the request and posted it first.
 */
export function mayRead({ owner, statusSha256 }: Reader, message: Pick<Message, 'owner' | 'statusSha256'>): boolean {
  if (owner !== undefined) return message.owner === owner && message.statusSha256 === null;
  return message.statusSha256 !== null && Buffer.compare(message.statusSha256, statusSha256) === 0;
}

/** Returns what a reader may see of a message. */
export function messageView(message: MessageWithJob): MessageView {
  const { receipt, attestationDocument, sealedAnswer } = message;
  return {
    id: message.id,
    status: message.status,
    acceptedAt: message.acceptedAt.toISOString(),
    expiresAt: message.expiresAt.toISOString(),
    endedAt: message.endedAt?.toISOString() ?? null,
    attempts: message.attempts,
    nextAttemptAt: message.job?.nextAttemptAt.toISOString() ?? null,
    reason: message.reason,
    receipt:
      receipt === null || attestationDocument === null
        ? null
        : { receipt, attestation_document: Buffer.from(attestationDocument).toString('base64') },
    sealedAnswer: sealedAnswer === null ? null : toBase64Url(sealedAnswer),
  };
}

/** Makes the view of a message that was just committed, without reading it from the database. */
export function acceptedView(submission: Submission, { acceptedAt, nextAttemptAt }: Stored): MessageView {
  return {
    id: submission.messageId,
    status: 'queued',
    acceptedAt: acceptedAt.toISOString(),
    expiresAt: submission.expiresAt.toISOString(),
    endedAt: null,
    attempts: 0,
    nextAttemptAt: nextAttemptAt.toISOString(),
    reason: null,
    receipt: null,
    sealedAnswer: null,
  };
}

import * as z from 'zod';
import { receiptSchema } from '../receipts/receipt';

/**
 * Life of an accepted message. `queued` and `delivering` go on; the others are ends. `delivered`: every office has it.
 * `partially_delivered`: some do, the others refused. `refused`: none took it. `unknown`: some copy was sent and not answered.
 * `expired`: its time ran out first. `key_retired`: the enclave's key went away before the message was opened; seal it again.
 */
export const MESSAGE_STATUSES = [
  'queued',
  'delivering',
  'delivered',
  'partially_delivered',
  'refused',
  'unknown',
  'expired',
  'key_retired',
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

export function isEnded(status: MessageStatus): boolean {
  return status !== 'queued' && status !== 'delivering';
}

/** `POST /api/messages` (202) and `GET /api/messages/:id`. */
export const messageViewSchema = z.strictObject({
  id: z.string().meta({ format: 'uuid' }),
  status: z.enum(MESSAGE_STATUSES),
  acceptedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  attempts: z.int().min(0),
  nextAttemptAt: z.iso.datetime().nullable(),
  /** Why it is waiting or ended, as a stable code; null where there is nothing to say. */
  reason: z.string().nullable(),
  receipt: receiptSchema.nullable(),
  /** Base64url of the sealed answer, which the sender alone can open. */
  sealedAnswer: z.string().nullable(),
});
export type MessageView = z.infer<typeof messageViewSchema>;

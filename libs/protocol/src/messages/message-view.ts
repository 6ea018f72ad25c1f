import * as z from 'zod';
import { instantSchema } from '../encoding/instant';
import { receiptSchema } from '../receipts/receipt';

/** Explained in the schema below. */
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
export const messageViewSchema = z
  .strictObject({
    id: z.string().meta({ format: 'uuid', description: 'The message id.' }),
    status: z.enum(MESSAGE_STATUSES).meta({
      id: 'MessageStatus',
      description:
        "`queued` and `delivering` are not final; the other statuses are. `delivered`: every office has the message. `partially_delivered`: some offices have it, the others do not. `refused`: no office took it, or the enclave refused the whole message. `unknown`: a copy was sent, or may have been sent, and no usable answer came; it is not sent again. `expired`: the message expired before every office had an outcome. `key_retired`: the gateway reports that the enclave's key ended before any copy reached an office; seal the message again.",
    }),
    acceptedAt: instantSchema,
    expiresAt: instantSchema,
    endedAt: instantSchema.nullable().meta({ description: 'Null until the message ends.' }),
    attempts: z.int().min(0).meta({
      description:
        'How many delivery attempts the gateway made. An attempt that found the enclave without its keys is not counted.',
    }),
    nextAttemptAt: instantSchema.nullable().meta({ description: 'Null when no attempt is planned.' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why the message waits or how it ended, as a stable code. Null if there is no reason.' }),
    receipt: receiptSchema.nullable().meta({
      description: 'Null until an enclave signed a receipt. While an office is pending, the receipt may still change.',
    }),
    sealedAnswer: z.string().nullable().meta({
      description:
        "The enclave's sealed answer in base64url. Only the sender can open it. Null until an enclave sent one.",
    }),
  })
  .meta({
    id: 'Message',
    description: 'The status of a message, for its sender. The gateway cannot read the message itself.',
  });
export type MessageView = z.infer<typeof messageViewSchema>;

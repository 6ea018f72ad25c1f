import * as z from 'zod';
import { instantSchema } from '../encoding/instant';
import { receiptSchema } from '../receipts/receipt';

/**
 * Life of an accepted message. `queued` and `delivering` continue; the others are final. `delivered`: every office has it.
 * `partially_delivered`: some do; the others refused, or the key was retired first. `refused`: none took it. `unknown`: an office may have
 * a copy, and no answer tells whether it does. `expired`: it expired before every office had an outcome. `key_retired`: the enclave's key
 * was retired before any office had the message; seal it again.
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
export const messageViewSchema = z
  .strictObject({
    id: z.string().meta({ format: 'uuid', description: 'The message id.' }),
    status: z.enum(MESSAGE_STATUSES).meta({
      id: 'MessageStatus',
      description:
        '`queued` and `delivering` are not final, the other statuses are. `delivered`: every office has it. `partially_delivered`: some offices have it, the others refused. `refused`: no office took it. `unknown`: a copy was sent and not answered. `expired`: it expired before every office had an outcome. `key_retired`: the enclave lost its key before it opened the message; seal it again.',
    }),
    acceptedAt: instantSchema,
    expiresAt: instantSchema,
    endedAt: instantSchema.nullable().meta({ description: 'Null until the message ends.' }),
    attempts: z.int().min(0).meta({ description: 'How often the gateway handed it to an enclave.' }),
    nextAttemptAt: instantSchema.nullable().meta({ description: 'Null when no attempt is planned.' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it waits or ended, as a stable code. Null when there is no reason to give.' }),
    receipt: receiptSchema.nullable().meta({ description: 'Null until an enclave signed one.' }),
    sealedAnswer: z
      .string()
      .nullable()
      .meta({ description: "The enclave's answer in base64url. Only the sender can open it." }),
  })
  .meta({
    id: 'Message',
    description: 'The status of a message, for its sender. The gateway cannot read the message itself.',
  });
export type MessageView = z.infer<typeof messageViewSchema>;

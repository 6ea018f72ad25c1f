import type { Message } from './api';
import { ClientError } from './errors';
import { checkedMessage } from './checked-message';

/**
 * Returns the faults of a message by field, for a form. Returns none if the message is valid. `send` and the enclave make the same check.
 */
export function validateMessage(
  message: Message,
): readonly { readonly pointer: string; readonly code: string; readonly message: string }[] {
  try {
    checkedMessage(message);
    return [];
  } catch (error) {
    if (error instanceof ClientError && error.code === 'message_invalid') return error.problems;
    throw error;
  }
}

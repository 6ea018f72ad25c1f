import type { Message } from './api';
import { ClientError } from './errors';
import { checkedMessage } from './checked-message';

/** What is wrong with a message, by field; empty where Congress takes it. The same check as in `send` and in the enclave: for a form. */
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

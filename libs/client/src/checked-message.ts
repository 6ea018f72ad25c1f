import { validateCongressMessage, type CongressMessage } from '@communique-tee/protocol';
import type { Message } from './api';
import { ClientError } from './errors';
import { createDeliverySecret } from './prepare';

/**
 * Checks a message as the enclave will, and returns the form that is sealed.
 * @throws ClientError `message_invalid`
 */
export function checkedMessage(message: Message): CongressMessage {
  const given: unknown = message;
  const result = validateCongressMessage(
    typeof given === 'object' && given !== null
      ? { ...given, version: 1, proof: null, deliverySecret: createDeliverySecret() }
      : given,
  );
  if (result.ok) return result.message;
  throw new ClientError('message_invalid', 'Congress would not accept this message', { problems: result.problems });
}

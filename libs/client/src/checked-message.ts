import { validateCongressMessage, type CongressMessage } from '@communique-tee/protocol';
import type { Message } from './api';
import { ClientError } from './errors';
import { createDeliverySecret } from './prepare';

/**
 * The message as it is sealed, checked as the enclave will check it.
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
  throw new ClientError('message_invalid', 'Congress would not take this message', { problems: result.problems });
}

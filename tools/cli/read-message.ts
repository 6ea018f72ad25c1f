import { ClientError, createDeliverySecret } from '@communique-tee/client';
import { validateCongressMessage, type CongressMessage, type Template } from '@communique-tee/protocol';
import { readJsonFile } from './files';
import { fillIn } from './template';

/** A message may have 256 KiB, but escapes in JSON make its text longer. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a message from a JSON file in the form of docs/message.md. JSON has no bytes, so this function makes the delivery secret. The file
 * may leave out `version` and `proof`, which have only one possible value each.
 * @param template supplies the members that the file leaves out
 * @throws Failure `file_unreadable`, `not_understood`; ClientError `message_invalid`, which names every field that is wrong, never a value
 */
export function readMessage(file: string, template?: Template): CongressMessage {
  const given = readJsonFile(file, MAX_BYTES);
  const value = template !== undefined && isObject(given) ? fillIn(given, template) : given;
  const checked = validateCongressMessage(
    isObject(value) ? { version: 1, proof: null, ...value, deliverySecret: createDeliverySecret() } : value,
  );
  if (checked.ok) return checked.message;
  throw new ClientError(
    'message_invalid',
    `${file} cannot be sent:\n${checked.problems.map(({ message }) => `  ${message}`).join('\n')}`,
    { problems: checked.problems },
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

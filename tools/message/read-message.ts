import { createDeliverySecret } from '@communique-tee/client';
import { validateCongressMessage, type CongressMessage } from '@communique-tee/protocol';
import { readFileSync } from 'node:fs';

/**
 * A message out of a JSON file in the shape of docs/message.md. JSON has no bytes, so the delivery secret is made here; `version`
 * and `proof` have one possible value each and may be left out.
 * @throws Error that names the file and every field that is wrong, never a value
 */
export function readMessage(file: string): CongressMessage {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file} ${cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read'}`, { cause });
  }
  const checked = validateCongressMessage(isObject(value) ? { version: 1, proof: null, ...value, deliverySecret: createDeliverySecret() } : value);
  if (checked.ok) return checked.message;
  throw new Error(`${file} cannot be sent:\n${checked.problems.map(({ message }) => `  ${message}`).join('\n')}`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

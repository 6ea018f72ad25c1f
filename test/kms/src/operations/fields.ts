import { invalidMember, KmsFailure } from '../failure';
import type { EncryptionContext } from '../keys/ciphertext';

export type Fields = Readonly<Record<string, unknown>>;

/** Returns a member's name as AWS's messages write it: `keyId` for `KeyId`. */
const told = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

const absent = (name: string): KmsFailure => invalidMember(told(name), 'Member must not be null');
const mistyped = (): KmsFailure => new KmsFailure('SerializationException');

/** Returns a member's value; null counts as absent. */
function given(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? (fields[name] ?? undefined) : undefined;
}

export function optionalText(fields: Fields, name: string, maxCharacters: number): string | undefined {
  const value = given(fields, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw mistyped();
  if (value.length < 1) throw invalidMember(told(name), 'Member must have length greater than or equal to 1');
  if (value.length > maxCharacters)
    throw invalidMember(told(name), `Member must have length less than or equal to ${maxCharacters}`);
  return value;
}

export function text(fields: Fields, name: string, maxCharacters: number): string {
  const value = optionalText(fields, name, maxCharacters);
  if (value === undefined) throw absent(name);
  return value;
}

export function oneOf<const T extends string>(fields: Fields, name: string, values: readonly T[]): T | undefined {
  const value = given(fields, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw mistyped();
  const found = values.find((candidate) => candidate === value);
  if (found === undefined)
    throw invalidMember(told(name), `Member must satisfy enum value set: [${values.join(', ')}]`);
  return found;
}

export function whole(fields: Fields, name: string, least: number, most: number): number | undefined {
  const value = given(fields, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw mistyped();
  if (value < least) throw invalidMember(told(name), `Member must have value greater than or equal to ${least}`);
  if (value > most) throw invalidMember(told(name), `Member must have value less than or equal to ${most}`);
  return value;
}

export function flag(fields: Fields, name: string): boolean {
  const value = given(fields, name);
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw mistyped();
  return value;
}

/** Returns the bytes of a blob in canonical base64, or undefined if it is absent. */
export function optionalBytes(fields: Fields, name: string, least: number, most: number): Uint8Array | undefined {
  const value = given(fields, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw mistyped();
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw mistyped();
  if (bytes.length < least)
    throw invalidMember(told(name), `Member must have length greater than or equal to ${least}`);
  if (bytes.length > most) throw invalidMember(told(name), `Member must have length less than or equal to ${most}`);
  return new Uint8Array(bytes);
}

export function bytes(fields: Fields, name: string, least: number, most: number): Uint8Array {
  const value = optionalBytes(fields, name, least, most);
  if (value === undefined) throw absent(name);
  return value;
}

export function structure(fields: Fields, name: string): Fields | undefined {
  const value = given(fields, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mistyped();
  return value as Fields;
}

/** Returns the encryption context, at most 8,192 characters in total (AWS KMS developer guide, "Encryption context"). */
export function encryptionContext(fields: Fields, name = 'EncryptionContext'): EncryptionContext {
  const entries = Object.entries(structure(fields, name) ?? {});
  let characters = 0;
  for (const [key, value] of entries) {
    if (typeof value !== 'string') throw mistyped();
    characters += key.length + value.length;
  }
  // AWS advises against names that differ only by case, and does not say which of the two a policy would see.
  if (new Set(entries.map(([key]) => key.toLowerCase())).size < entries.length)
    throw new KmsFailure(
      'ValidationException',
      'The simulator refuses two names of an encryption context that differ only by case.',
    );
  if (characters > 8192)
    throw new KmsFailure('ValidationException', 'The encryption context is larger than 8192 characters.');
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Refuses grants, which the simulator does not have. */
export function refuseGrants(fields: Fields): void {
  const value = given(fields, 'GrantTokens');
  if (value === undefined) return;
  if (!Array.isArray(value)) throw mistyped();
  if (value.length > 0) throw new KmsFailure('InvalidGrantTokenException');
}

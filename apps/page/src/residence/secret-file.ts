// The stored secret and registration of a person, and the file they can be saved to. It is the same JSON value as of
// the command line (tools/cli/residence/identity-file.ts), so that a person can use both.
import { fieldFromHex, registrationFromJson, type RegistrationJson } from '@communique-tee/residence';

/** SECRET: anyone who has it, with the registration, can send in the person's place. */
export interface SecretRecord {
  readonly v: 1;
  /** A field element, 64 hex digits. */
  readonly secret: string;
  /** Null until the registrar gave one. */
  readonly registration: RegistrationJson | null;
  /** The command line keeps what it read of the registrar's list; the page keeps that in memory. */
  readonly list: null;
}

/** A record has about 350 bytes; one of the command line with a list 2 KB. */
export const MAX_SECRET_FILE_BYTES = 8192;
export const SECRET_FILE_NAME = 'communique-tee-residence-secret.json';

export function recordOf(secret: string, registration: RegistrationJson | null): SecretRecord {
  return { v: 1, secret, registration, list: null };
}

export function secretFileText(record: SecretRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Null for anything but a record. */
export function readSecretFile(text: string): SecretRecord | null {
  try {
    return text.length > MAX_SECRET_FILE_BYTES ? null : readRecord(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Null for anything but a record. */
export function readRecord(value: unknown): SecretRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const { v, secret, registration } = value as Partial<Record<keyof SecretRecord, unknown>>;
  if (v !== 1 || typeof secret !== 'string') return null;
  try {
    if (fieldFromHex(secret).every((byte) => byte === 0)) return null;
    if (registration === null) return recordOf(secret, null);
    registrationFromJson(registration);
    return recordOf(secret, registration as RegistrationJson);
  } catch {
    return null;
  }
}

/** The registrar's reply, as the person pastes it; null for anything else. */
export function readRegistration(text: string): RegistrationJson | null {
  if (text.length > MAX_SECRET_FILE_BYTES) return null;
  try {
    const value: unknown = JSON.parse(text);
    registrationFromJson(value);
    return value as RegistrationJson;
  } catch {
    return null;
  }
}

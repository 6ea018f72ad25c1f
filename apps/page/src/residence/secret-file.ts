// A person's secret and registration, and the file in which the person can save them. The command line writes the same JSON value
// (tools/cli/residence/identity-file.ts), so a person can use the file in both.
import { fieldFromHex, registrationFromJson, type RegistrationJson } from '@communique-tee/residence';

/** SECRET: with the secret and the registration, anyone can send in the person's place. */
export interface SecretRecord {
  readonly v: 1;
  /** A field element, 64 hex digits. */
  readonly secret: string;
  /** Null until the registrar has given one. */
  readonly registration: RegistrationJson | null;
  /** Null in the page, which keeps its parts of the registrar's list in memory. The command line keeps them here. */
  readonly list: null;
}

/** A record has about 350 bytes, or 2 KB if the command line has added a list. */
export const MAX_SECRET_FILE_BYTES = 8192;
export const SECRET_FILE_NAME = 'communique-tee-residence-secret.json';

export function recordOf(secret: string, registration: RegistrationJson | null): SecretRecord {
  return { v: 1, secret, registration, list: null };
}

export function secretFileText(record: SecretRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Returns null for anything but a record. */
export function readSecretFile(text: string): SecretRecord | null {
  try {
    return text.length > MAX_SECRET_FILE_BYTES ? null : readRecord(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Returns null for anything but a record. */
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

/** Reads the registrar's reply, as the person pastes it. Returns null for anything else. */
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

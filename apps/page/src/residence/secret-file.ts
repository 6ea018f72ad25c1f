// What this device keeps of a person's residence, and the file that it can be saved to: one JSON value.
import { fieldFromHex, registrationFromJson, type RegistrationJson } from '@communique-tee/residence';

/** SECRET: anyone who has it, with the registration, can send in the person's place. */
export interface SecretRecord {
  readonly version: 1;
  readonly kind: 'communique-tee residence secret';
  /** A field element, 64 hex digits. */
  readonly secret: string;
  /** Null until the registrar gave one. */
  readonly registration: RegistrationJson | null;
}

/** A record has about 350 bytes. */
export const MAX_SECRET_FILE_BYTES = 4096;
export const SECRET_FILE_NAME = 'communique-tee-residence-secret.json';

export function recordOf(secret: string, registration: RegistrationJson | null): SecretRecord {
  return { version: 1, kind: 'communique-tee residence secret', secret, registration };
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
  const { version, kind, secret, registration } = value as Partial<Record<keyof SecretRecord, unknown>>;
  if (version !== 1 || kind !== 'communique-tee residence secret' || typeof secret !== 'string') return null;
  try {
    if (fieldFromHex(secret).every((byte) => byte === 0)) return null;
    if (registration === null) return recordOf(secret, null);
    registrationFromJson(registration);
    return recordOf(secret, registration as RegistrationJson);
  } catch {
    return null;
  }
}

/** What the registrar gave, as the person pastes it; null for anything else. */
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

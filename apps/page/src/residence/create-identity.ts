// The person's secret and registration. The secret is stored only where the person chose. The page shows the code for the registrar only
// once the secret is safely stored.
import { commitmentOf, fieldFromHex, fieldToHex, type Field, type RegistrationJson } from '@communique-tee/residence';
import { batch, signal, type ReadonlySignal } from '@preact/signals';
import type { DeviceStorage } from './device-storage';
import { readRecord, readRegistration, readSecretFile, recordOf, type SecretRecord } from './secret-file';

export type Identity =
  | { readonly kind: 'looking' }
  /** `unavailable`: this browser stores no data, as in a private window. */
  | { readonly kind: 'none'; readonly storage: 'empty' | 'unavailable' }
  /** A new secret that exists only in this page's memory: it is not safe yet, so no code is shown. */
  | { readonly kind: 'unsafe'; readonly record: SecretRecord }
  | {
      readonly kind: 'safe';
      readonly record: SecretRecord;
      /** What the person gives the registrar: the commitment, 64 hex digits. */
      readonly code: string;
      readonly on: 'device' | 'file';
    };

export type IdentityProblem =
  | 'not_stored'
  | 'not_removed'
  /** Another tab has stored a secret meanwhile. The page now uses that one. */
  | 'already_stored'
  | 'not_a_secret_file'
  | 'not_a_registration'
  | 'other_registrar';

export interface IdentityStore {
  readonly identity: ReadonlySignal<Identity>;
  readonly problem: ReadonlySignal<IdentityProblem | undefined>;
  /** Reads the secret that this device has stored. */
  look(): Promise<void>;
  /** Makes a secret, if there is none yet. */
  make(): void;
  /** Stores the secret on this device, and reads it again to be sure. Call it only with the person's consent. */
  keep(): Promise<void>;
  /** Records that the person has saved the secret as a file. */
  saved(): void;
  /** Takes the secret from a file, if there is none yet. */
  bring(file: string): void;
  /**
   * Adds the registration from the registrar's reply.
   * @param registrar the registrar that the enclave attests
   */
  register(pasted: string, registrar: string): Promise<void>;
  /** Removes secret and registration from this device and this page. */
  forget(): Promise<void>;
}

export function createIdentity(storage: DeviceStorage, random: () => Field): IdentityStore {
  const identity = signal<Identity>({ kind: 'looking' });
  const problem = signal<IdentityProblem | undefined>(undefined);

  const set = (next: Identity, wrong?: IdentityProblem): void => {
    batch(() => {
      identity.value = next;
      problem.value = wrong;
    });
  };
  const safe = (record: SecretRecord, on: 'device' | 'file'): Identity => ({
    kind: 'safe',
    record,
    code: fieldToHex(commitmentOf(fieldFromHex(record.secret))),
    on,
  });
  /** Returns the record on this device; null if there is none, undefined if it cannot be read. */
  const stored = async (): Promise<SecretRecord | null | undefined> => {
    try {
      return readRecord(await storage.read());
    } catch {
      return undefined;
    }
  };

  return {
    identity,
    problem,
    async look() {
      const record = await stored();
      // An earlier call has already read the record
      if (identity.value.kind !== 'looking') return;
      if (record === undefined || record === null)
        set({ kind: 'none', storage: record === null ? 'empty' : 'unavailable' });
      else set(safe(record, 'device'));
    },
    make() {
      if (identity.value.kind === 'none') set({ kind: 'unsafe', record: recordOf(fieldToHex(random()), null) });
    },
    async keep() {
      const state = identity.value;
      if (state.kind !== 'unsafe' && state.kind !== 'safe') return;
      const { record } = state;
      let isNew: boolean;
      try {
        isNew = await storage.create(record);
      } catch {
        set(state, 'not_stored');
        return;
      }
      const back = await stored();
      if (identity.value !== state) return;
      if (back?.secret === record.secret) set(safe(record, 'device'));
      else if (!isNew && back !== null && back !== undefined) set(safe(back, 'device'), 'already_stored');
      else set(state, 'not_stored');
    },
    saved() {
      if (identity.value.kind === 'unsafe') set(safe(identity.value.record, 'file'));
    },
    bring(file) {
      if (identity.value.kind !== 'none') return;
      const record = readSecretFile(file);
      if (record === null) problem.value = 'not_a_secret_file';
      else set(safe(record, 'file'));
    },
    async register(pasted, registrar) {
      const state = identity.value;
      if (state.kind !== 'safe') return;
      const registration: RegistrationJson | null = readRegistration(pasted);
      if (registration === null || registration.registrar !== registrar) {
        problem.value = registration === null ? 'not_a_registration' : 'other_registrar';
        return;
      }
      const record = recordOf(state.record.secret, registration);
      set(safe(record, state.on));
      if (state.on === 'file') return;
      try {
        await storage.replace(record);
        if ((await stored())?.registration?.salt !== registration.salt) problem.value = 'not_stored';
      } catch {
        problem.value = 'not_stored';
      }
    },
    async forget() {
      try {
        await storage.remove();
        set({ kind: 'none', storage: 'empty' });
      } catch {
        const state = identity.value;
        // A secret from a file is only in this page's memory, so it is gone even if the device's storage fails
        if (state.kind === 'safe' && state.on === 'device') problem.value = 'not_removed';
        else set({ kind: 'none', storage: 'unavailable' });
      }
    },
  };
}

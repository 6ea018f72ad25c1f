import type {
  AttestationSteps,
  ReadAttestation,
  VerifiedAttestation,
  VerifiedChain,
} from '@communique-tee/attestation/browser';
import type { KeyBinding, PublicConfiguration } from '@communique-tee/protocol';
import type { CheckedEnclavePolicy } from './policy';

/** What an enclave, or a gateway on its behalf, presents. Nothing in it is trusted. */
export interface EnclaveEvidence {
  /** COSE_Sign1 as received. */
  readonly document: Uint8Array;
  /**
   * The public configuration as it was served (canonical JSON), or a function that fetches it by its SHA-256 (32 bytes).
   * Without it, or if the function returns undefined, the check `configuration` is not run.
   */
  readonly configuration?: Uint8Array | ((sha256: Uint8Array) => Promise<Uint8Array | undefined>);
}

/** The enclave's sealing key, and its key binding. */
export interface EnclaveKeys extends KeyBinding {
  /** 32 bytes, X25519: messages are sealed to it. */
  readonly publicKey: Uint8Array;
}

/** The operations that differ between Node and browsers. */
export interface Primitives {
  readonly steps: AttestationSteps;
  sha256(bytes: Uint8Array): Uint8Array;
}

/** The input of the checks, and the results of the checks that have run. */
export interface Subject extends Established {
  readonly evidence: EnclaveEvidence;
  readonly policy: CheckedEnclavePolicy;
  readonly primitives: Primitives;
}

export interface Established {
  read?: ReadAttestation;
  chain?: VerifiedChain;
  /** Set once the document is authentic: its signature and its chain to the policy's root are valid. */
  attestation?: VerifiedAttestation;
  /** Set once the policy accepts this image under this operator. */
  isAccepted?: true;
  keys?: EnclaveKeys;
  configuration?: PublicConfiguration;
}

/** Why a check passed with a warning, or was skipped without a failure. A user interface shows its own text for each code. */
export type NoteCode =
  /** The chain begins at a root that the caller named, not at AWS's root. Anyone who has that root's key can forge documents. */
  | 'development_root'
  /** The document has fields that this library does not know. */
  | 'unknown_fields'
  /** The document may be a copy that was made for another client. */
  | 'nonce_not_compared'
  | 'image_not_compared'
  | 'operator_not_compared'
  /** The caller accepts this image under every AWS account. */
  | 'any_operator'
  /** The document binds no keys of this system. */
  | 'key_binding_absent'
  | 'configuration_not_fetched';

export type Outcome =
  | 'passed'
  /** `detail`: a text for people, set if the code does not explain everything. */
  | { readonly state: 'warning' | 'not_run'; readonly code: NoteCode; readonly detail?: string };

/**
 * One check of an enclave. It throws an AttestationError or an EnclaveError if it fails. A check runs only if no earlier check failed, so
 * it may rely on their results.
 */
export interface Check {
  readonly name: string;
  run(subject: Subject): Outcome | Promise<Outcome>;
}

/** Returns a result of an earlier check. @throws TypeError if no earlier check has set it */
export function established<Name extends keyof Established>(
  subject: Subject,
  name: Name,
): NonNullable<Established[Name]> {
  const value = subject[name];
  if (value === undefined) throw new TypeError(`no earlier check has established ${name}`);
  return value;
}

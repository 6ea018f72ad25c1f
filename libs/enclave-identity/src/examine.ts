import {
  AttestationError,
  readAttestation_unverified,
  type AttestationErrorCode,
  type UnverifiedAttestation,
  type VerifiedAttestation,
} from '@communique-tee/attestation/browser';
import type { PublicConfiguration } from '@communique-tee/protocol';
import type { Check, EnclaveEvidence, EnclaveKeys, NoteCode, Primitives, Subject } from './check';
import { age } from './checks/age';
import { chain } from './checks/chain';
import { configuration } from './checks/configuration';
import { custody } from './checks/custody';
import { debugMode } from './checks/debug-mode';
import { fields } from './checks/fields';
import { image } from './checks/image';
import { boundKeys, keyBinding } from './checks/key-binding';
import { nonce } from './checks/nonce';
import { operator } from './checks/operator';
import { signature } from './checks/signature';
import { structure } from './checks/structure';
import { EnclaveError, type EnclaveErrorCode } from './errors';
import { checkEnclavePolicy, type EnclavePolicy, type ExaminationPolicy } from './policy';

/** The checks of an examination, in their order. A check that fails ends the examination. */
export const CHECKS = [
  structure,
  chain,
  signature,
  fields,
  debugMode,
  nonce,
  age,
  image,
  operator,
  keyBinding,
  custody,
  configuration,
] as const satisfies readonly Check[];

export type CheckName = (typeof CHECKS)[number]['name'];
export const CHECK_NAMES: readonly CheckName[] = CHECKS.map(({ name }) => name);

export type FailureCode = AttestationErrorCode | EnclaveErrorCode;

export type CheckResult =
  | { readonly name: CheckName; readonly state: 'passed' }
  /** The check passed, but a person should know `code`. */
  | { readonly name: CheckName; readonly state: 'warning'; readonly code: NoteCode; readonly detail?: string }
  | FailedCheck
  /** `code` is set if the policy or the evidence leaves out the check. It is absent if an earlier check failed. */
  | { readonly name: CheckName; readonly state: 'not_run'; readonly code?: NoteCode; readonly detail?: string };

export interface FailedCheck {
  readonly name: CheckName;
  readonly state: 'failed';
  readonly code: FailureCode;
  /** A text for people. Programs use `code`. */
  readonly detail: string;
  readonly error: AttestationError | EnclaveError;
}

/** An enclave of an accepted image under an accepted operator, and its keys. */
export interface EnclaveIdentity extends EnclaveKeys {
  readonly attestation: VerifiedAttestation;
  /** The public configuration, if it was served and has the attested hash. */
  readonly configuration?: PublicConfiguration;
}

export interface Examination {
  /** One result per check, in the order of CHECKS. */
  readonly checks: readonly CheckResult[];
  /** The claims of the document; set if no check failed. `checks` shows which checks were skipped. */
  readonly claims?: {
    readonly attestation: VerifiedAttestation;
    readonly keys?: EnclaveKeys;
    readonly configuration?: PublicConfiguration;
  };
  /** Set only if image and operator were compared, the keys are bound, and no check failed. */
  readonly identity?: EnclaveIdentity;
}

export async function examine(
  evidence: EnclaveEvidence,
  policy: ExaminationPolicy,
  primitives: Primitives,
): Promise<Examination> {
  const subject: Subject = { evidence, policy: checkEnclavePolicy(policy), primitives };
  const checks: CheckResult[] = [];
  let failed = false;
  for (const check of CHECKS) {
    const result: CheckResult = failed ? { name: check.name, state: 'not_run' } : await resultOf(check, subject);
    failed ||= result.state === 'failed';
    checks.push(result);
  }
  const { attestation, keys, configuration, isAccepted } = subject;
  if (failed || attestation === undefined) return { checks };
  const more = configuration && { configuration };
  return {
    checks,
    claims: { attestation, ...(keys && { keys }), ...more },
    ...(keys && isAccepted && { identity: { ...keys, attestation, ...more } }),
  };
}

async function resultOf(check: (typeof CHECKS)[number], subject: Subject): Promise<CheckResult> {
  const { name } = check;
  try {
    const outcome = await check.run(subject);
    return outcome === 'passed' ? { name, state: outcome } : { name, ...outcome };
  } catch (error) {
    // An error of the step `policy` is about this platform, which cannot verify anything, and not about the enclave.
    if (!(error instanceof EnclaveError || (error instanceof AttestationError && error.step !== 'policy'))) throw error;
    return { name, state: 'failed', code: error.code, detail: error.message, error };
  }
}

export async function verify(
  evidence: EnclaveEvidence,
  policy: EnclavePolicy,
  primitives: Primitives,
): Promise<EnclaveIdentity> {
  const { checks, identity } = await examine(evidence, policy, primitives);
  const failed = failedCheck(checks);
  if (failed) throw failed.error;
  if (!identity)
    throw new AttestationError('ERR_ATTESTATION_POLICY', 'it leaves out the image, the operator or the keys');
  return identity;
}

export function failedCheck(checks: readonly CheckResult[]): FailedCheck | undefined {
  return checks.find((check) => check.state === 'failed');
}

/** The result of `readAttestation_unverified`, and the keys that the document binds. `keys` is absent if the key binding is not valid. */
export interface UnverifiedEnclave extends UnverifiedAttestation {
  readonly keys?: EnclaveKeys;
}

export function readUnverified(document: Uint8Array, primitives: Primitives): UnverifiedEnclave {
  const content = readAttestation_unverified(document);
  try {
    return { ...content, keys: boundKeys(content, primitives) };
  } catch (error) {
    if (error instanceof EnclaveError) return content;
    throw error;
  }
}

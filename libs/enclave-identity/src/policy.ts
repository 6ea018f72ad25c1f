import {
  AttestationError,
  checkCircumstances,
  checkMeasurementSets,
  type AttestationPolicy,
  type CheckedCircumstances,
  type CheckedPolicy,
  type MeasurementSet,
  type UncomparedOperator,
} from '@communique-tee/attestation/browser';

/** The enclaves that a caller trusts. No enclave is accepted by default. */
export interface EnclavePolicy extends AttestationPolicy {
  /**
   * How the enclave may keep its keys: `process` (they end with the process), or ARNs of KMS key aliases. Without this member, every
   * attested custody is accepted.
   */
  readonly acceptedCustody?: readonly string[];
}

/** A policy under which an examination may skip checks. An examination that skips the image, the operator or the keys gives no identity. */
export interface ExaminationPolicy extends Omit<EnclavePolicy, 'acceptedMeasurements'> {
  /** `not_compared` skips the image and the operator. A set's `operator: 'not_compared'` skips only the operator. */
  readonly acceptedMeasurements: readonly [ExaminedSet, ...ExaminedSet[]] | 'not_compared';
  /** Accepts documents that bind no keys of this system, unless `acceptedCustody` is given. */
  readonly keyBindingOptional?: boolean;
}

type ExaminedSet = MeasurementSet | UncomparedOperator;

export interface CheckedEnclavePolicy extends CheckedCircumstances {
  /** Undefined if measurements are not compared. */
  readonly accepted: CheckedPolicy['accepted'] | undefined;
  readonly acceptedCustody: readonly string[] | undefined;
  readonly keyBindingOptional: boolean;
  /** Whether the caller named another root than AWS's. */
  readonly ownRoot: boolean;
}

/** @throws AttestationError of the step `policy` */
export function checkEnclavePolicy(policy: ExaminationPolicy): CheckedEnclavePolicy {
  const { acceptedMeasurements, acceptedCustody, keyBindingOptional = false, trustAnchor } = policy;
  const circumstances = checkCircumstances(policy);
  const accepted =
    acceptedMeasurements === 'not_compared'
      ? undefined
      : checkMeasurementSets(acceptedMeasurements, ['any', 'not_compared']);
  if (acceptedCustody !== undefined && !isListOfTexts(acceptedCustody))
    throw new AttestationError('ERR_ATTESTATION_POLICY', 'acceptedCustody is not a list of texts, or is empty');
  return {
    ...circumstances,
    accepted,
    acceptedCustody,
    keyBindingOptional: keyBindingOptional && acceptedCustody === undefined,
    ownRoot: trustAnchor !== undefined,
  };
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}

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
   * Who may be able to restore the enclave's keys: `process` (no one) and ARNs of KMS key aliases. Without this member, every
   * attested custody is accepted; the measured configuration of the image has the alias.
   */
  readonly acceptedCustody?: readonly string[];
}

/** The checks that an examination may skip, by name. An examination with a skipped check gives no identity. */
export interface ExaminationPolicy extends Omit<EnclavePolicy, 'acceptedMeasurements'> {
  /** `not_compared`, here or as a set's `operator`: the person named no image, or no operator, and wants to see the other checks. */
  readonly acceptedMeasurements: readonly [ExaminedSet, ...ExaminedSet[]] | 'not_compared';
  /** Accepts documents of enclaves that are not ours and bind no keys, unless `acceptedCustody` is given. */
  readonly keyBindingOptional?: boolean;
}

type ExaminedSet = MeasurementSet | UncomparedOperator;

export interface CheckedEnclavePolicy extends CheckedCircumstances {
  /**
   * Undefined if measurements are not compared. Sets of measurements are the only kind of image policy. A second kind, such as
   * a release log, would be added here and in checks/image.ts and checks/operator.ts.
   */
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

import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy';

/** A policy that IAM would take, as the engine reads it. */
export type CheckedPolicy = object;

/** A policy as an object or as JSON text, the way it is given to AWS. */
export type PolicyInput = object | string;

/** @throws TypeError if `given` is not JSON, or not a policy of this kind */
export function checkedPolicy(kind: 'key' | 'identity', given: PolicyInput): CheckedPolicy {
  let document: unknown = given;
  if (typeof given === 'string') {
    try {
      document = JSON.parse(given);
    } catch (cause) {
      throw new TypeError(`a ${kind} policy is not JSON`, { cause });
    }
  }
  const policy = createValidatedPolicy(document, kind === 'key' ? validateResourcePolicy : validateIdentityPolicy, {
    name: kind,
  });
  if (policy.errors.length > 0)
    throw new TypeError(`IAM would not take this ${kind} policy: ${JSON.stringify(policy.errors)}`);
  return policy;
}

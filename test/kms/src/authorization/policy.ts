import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy';

/** A policy that IAM would accept, in the form that the policy engine reads. */
export type CheckedPolicy = object;

/** A policy as an object or as JSON text, as AWS accepts it. */
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
    throw new TypeError(`IAM would refuse this ${kind} policy: ${JSON.stringify(policy.errors)}`);
  return policy;
}

import { checkedPolicy, type CheckedPolicy, type PolicyInput } from '../authorization/policy';

/** The credentials that a caller signs with, and the principal that they identify. */
export interface SimulatedCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** The token of a role's temporary credentials: it has to be sent and signed. */
  sessionToken?: string;
  /** A user's or role's ARN, or `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  principalArn: string;
  /** When they expire by the simulator's clock; from then on KMS answers ExpiredTokenException. */
  expiresAtMs?: number;
  /** The principal's IAM policy. Without one only a key policy that names the principal allows anything. */
  identityPolicy?: PolicyInput;
}

/** Credentials that were taken in. */
export interface Caller extends SimulatedCredentials {
  policy?: CheckedPolicy;
}

/** @throws TypeError for a policy that IAM would not take, or a principal that is no ARN */
export function takeCredentials(given: SimulatedCredentials): Caller {
  if (!/^arn:aws:(iam|sts)::[0-9]{12}:(user|role|assumed-role)\/.+$/.test(given.principalArn))
    throw new TypeError('principalArn is no ARN of a user, a role or a role session');
  return {
    ...given,
    ...(given.identityPolicy !== undefined && { policy: checkedPolicy('identity', given.identityPolicy) }),
  };
}

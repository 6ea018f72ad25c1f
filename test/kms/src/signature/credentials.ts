import { checkedPolicy, type CheckedPolicy, type PolicyInput } from '../authorization/policy';

/** The credentials with which a caller signs, and the principal that they identify. */
export interface SimulatedCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** The token of a role's temporary credentials. A request must send and sign it. */
  sessionToken?: string;
  /** A user's or role's ARN, or `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  principalArn: string;
  /** When the credentials expire, by the simulator's clock; from then on KMS answers ExpiredTokenException. */
  expiresAtMs?: number;
  /** The principal's IAM policy. Without one, only a key policy that names the principal can allow a request. */
  identityPolicy?: PolicyInput;
}

/** Credentials that the simulator knows, with their checked policy. */
export interface Caller extends SimulatedCredentials {
  policy?: CheckedPolicy;
}

/**
 * Checks the credentials, and returns them as a caller.
 * @throws TypeError for a policy that IAM would refuse, or a principal that is not an ARN
 */
export function takeCredentials(given: SimulatedCredentials): Caller {
  if (!/^arn:aws:(iam|sts)::[0-9]{12}:(user|role|assumed-role)\/.+$/.test(given.principalArn))
    throw new TypeError('principalArn is no ARN of a user, a role or a role session');
  return {
    ...given,
    ...(given.identityPolicy !== undefined && { policy: checkedPolicy('identity', given.identityPolicy) }),
  };
}

import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy';
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import type { PolicyDocument } from '@communique-tee/key-policies';

export interface Question {
  /** ARN of the role or user that sends the request. */
  who: string;
  action: string;
  resource: string;
  /** The account of the resource. */
  accountId: string;
  /** The principal's own policy. */
  own: PolicyDocument;
  /** The policy of the resource, such as a key policy or a bucket policy. */
  on?: PolicyDocument | undefined;
  context: Readonly<Record<string, string>>;
  /** Whether to leave the `aws:Principal…` keys out of the request's context. */
  principalAlone?: boolean;
}

const EVERYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
const TO_EVERYBODY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
};

/**
 * Decides as IAM does in an organization that allows everything. `runSimulation` would drop `kms:EncryptionContext:<key>` from a request,
 * because it does not know condition keys with a variable after a colon.
 * @throws Error for a policy that IAM would refuse
 */
export function isAllowed({ who, action, resource, accountId, own, on, context, principalAlone }: Question): boolean {
  const valid = (name: string, document: PolicyDocument, validate: typeof validateIdentityPolicy) => {
    const policy = createValidatedPolicy(document, validate, { name });
    if (policy.errors.length > 0) throw new Error(`${name}: ${JSON.stringify(policy.errors)}`);
    return policy;
  };
  const result = runUnsafeSimulation(
    {
      request: {
        principal: who,
        action,
        resource: { resource, accountId },
        contextVariables: {
          ...(principalAlone !== true && {
            'aws:PrincipalArn': who,
            'aws:PrincipalAccount': who.split(':')[4] ?? '',
            'aws:PrincipalIsAWSService': 'false',
          }),
          ...context,
        },
      },
      identityPolicies: [{ name: 'own', policy: valid('own', own, validateIdentityPolicy) }],
      serviceControlPolicies: [{ orgIdentifier: 'r-root', policies: [{ name: 'FullAWSAccess', policy: EVERYTHING }] }],
      resourceControlPolicies: [
        { orgIdentifier: 'r-root', policies: [{ name: 'RCPFullAWSAccess', policy: TO_EVERYBODY }] },
      ],
      ...(on && { resourcePolicy: valid('on', on, validateResourcePolicy) }),
    },
    {},
  );
  return result === 'Allowed';
}

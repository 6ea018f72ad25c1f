import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import { workspaceRoot } from '@communique-tee/test-support';
import type { PolicyDocument } from '../document';

/** Of @cloud-copilot/iam-policy, on which iam-simulate stands. */
interface PolicyLibrary {
  createValidatedPolicy(
    document: unknown,
    validate: (document: unknown) => unknown[],
    metadata: { name: string },
  ): { errors: readonly unknown[] };
  validateIdentityPolicy(document: unknown): unknown[];
  validateResourcePolicy(document: unknown): unknown[];
}
const { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } = createRequire(
  join(workspaceRoot(), 'node_modules/@cloud-copilot/iam-simulate/package.json'),
)('@cloud-copilot/iam-policy') as PolicyLibrary;

export interface Question {
  /** ARN of a role or user. */
  who: string;
  action: string;
  resource: string;
  /** The account of the resource. */
  accountId: string;
  /** The principal's own policy. */
  own: PolicyDocument;
  /** The resource's: of a key, a bucket. */
  on?: PolicyDocument | undefined;
  context: Readonly<Record<string, string>>;
}

const EVERYTHING = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
const TO_EVERYBODY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
};

/**
 * As IAM decides, the organisation allowing everything. `runUnsafeSimulation`: the other drops `kms:EncryptionContext:<key>` from a request,
 * since it knows no condition key with a variable behind a colon.
 * @throws Error for a policy that IAM would not take
 */
export function isAllowed({ who, action, resource, accountId, own, on, context }: Question): boolean {
  const valid = (name: string, document: PolicyDocument, validate: (document: unknown) => unknown[]) => {
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
          'aws:PrincipalArn': who,
          'aws:PrincipalAccount': who.split(':')[4] ?? '',
          'aws:PrincipalIsAWSService': 'false',
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

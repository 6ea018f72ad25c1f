import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import { KmsFailure } from '../failure';
import type { EncryptionContext } from '../keys/ciphertext';
import type { SimulatedKey } from '../keys/key-store';
import type { Caller } from '../signature/credentials';

export interface Asked {
  /** The action by its IAM name: `kms:Decrypt`, `kms:ReEncryptFrom` ... */
  action: string;
  caller: Caller;
  /** The account that owns the keys. */
  account: string;
  region: string;
  /** Absent for an action without a key (GenerateRandom). */
  key?: SimulatedKey;
  /** The aliases (`alias/...`) that point at the key. */
  aliases?: readonly string[];
  requestAlias?: string;
  context?: EncryptionContext;
  /** The condition keys of a verified attestation document; absent without one. An explicit Deny can test for their absence (`Null`). */
  recipient?: Readonly<Record<string, string>>;
  nowMs: number;
}

/** Policies of an organization that restrict nothing, like AWS's FullAWSAccess and RCPFullAWSAccess. */
const unrestricted = (statement: object) => [
  {
    orgIdentifier: 'r-root',
    policies: [
      {
        name: 'unrestricted',
        policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', ...statement }] },
      },
    ],
  },
];

/**
 * Evaluates the key's policy and the caller's own policy as IAM does. It uses `runUnsafeSimulation`, because `runSimulation` drops
 * condition keys that are not in its catalog, for example `kms:EncryptionContext:<key>`.
 * @throws KmsFailure AccessDeniedException
 */
export function authorize(asked: Asked): void {
  const { action, caller, account, key } = asked;
  const resource = key?.arn ?? '*';
  const result = runUnsafeSimulation(
    {
      request: {
        principal: caller.principalArn,
        action,
        resource: { resource, accountId: account },
        contextVariables: conditionKeys(asked),
      },
      identityPolicies: caller.policy ? [{ name: 'identity', policy: caller.policy }] : [],
      serviceControlPolicies: unrestricted({}),
      resourceControlPolicies: unrestricted({ Principal: '*' }),
      ...(key && { resourcePolicy: key.policy }),
    },
    {},
  );
  if (result === 'Allowed') return;
  const why = result === 'ExplicitlyDenied' ? 'with an explicit deny' : 'because no policy allows the action';
  throw new KmsFailure(
    'AccessDeniedException',
    `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource} ${why}`,
  );
}

/**
 * Returns the condition keys of a request: those of the AWS KMS developer guide ("Condition keys for AWS KMS"), and the global keys of IAM
 * that a policy for KMS may use.
 */
function conditionKeys({
  caller,
  account,
  region,
  key,
  aliases,
  requestAlias,
  context,
  recipient,
  nowMs,
}: Asked): Record<string, string | string[]> {
  const principalAccount = caller.principalArn.split(':')[4] ?? '';
  const names = Object.keys(context ?? {});
  return {
    'aws:PrincipalArn': roleOf(caller.principalArn),
    'aws:PrincipalAccount': principalAccount,
    'aws:PrincipalIsAWSService': 'false',
    'aws:ViaAWSService': 'false',
    'aws:SecureTransport': 'true',
    'aws:RequestedRegion': region,
    'aws:CurrentTime': new Date(nowMs).toISOString(),
    'aws:EpochTime': String(Math.floor(nowMs / 1000)),
    'kms:CallerAccount': principalAccount,
    ...(key && {
      'aws:ResourceAccount': account,
      'kms:KeySpec': 'SYMMETRIC_DEFAULT',
      'kms:KeyUsage': 'ENCRYPT_DECRYPT',
      'kms:KeyOrigin': 'AWS_KMS',
    }),
    ...(aliases && aliases.length > 0 && { 'kms:ResourceAliases': [...aliases] }),
    ...(requestAlias !== undefined && { 'kms:RequestAlias': requestAlias }),
    ...(names.length > 0 && { 'kms:EncryptionContextKeys': names }),
    ...Object.fromEntries(
      Object.entries(context ?? {}).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
    ),
    ...recipient,
  };
}

/** Returns the ARN of the role if the principal is a session of a role (IAM user guide, `aws:PrincipalArn`). */
function roleOf(principalArn: string): string {
  const [, account, role] = /^arn:aws:sts::([0-9]{12}):assumed-role\/([^/]+)\/[^/]+$/.exec(principalArn) ?? [];
  return account === undefined || role === undefined ? principalArn : `arn:aws:iam::${account}:role/${role}`;
}

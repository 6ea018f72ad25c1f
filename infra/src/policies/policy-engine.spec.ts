import { createRequire } from 'node:module';
import { join } from 'node:path';
import { workspaceRoot } from '@communique-tee/test-support';
import type { Place } from '../naming/names';
import { enclaveKeyPolicy, operatorKeyPolicy, type AcceptedImage } from './attested-key';
import { imageBucketPolicy } from './buckets';
import type { PolicyDocument } from './document';
import { parentRolePolicy } from './parent-role';

/** Of @cloud-copilot/iam-simulate (0.1.173), what is used here: no validation of keys, since it does not know PCR<n>. */
interface PolicyEngine {
  runUnsafeSimulation(simulation: object, options: object): string;
}

const require = createRequire(join(workspaceRoot(), 'package.json'));
const engine = ((): PolicyEngine | undefined => {
  try {
    return require('@cloud-copilot/iam-simulate') as PolicyEngine;
  } catch {
    return undefined;
  }
})();
const withEngine = engine ? describe : describe.skip;

const place: Place = { stack: 'prod', region: 'us-east-1', accountId: '123456789012', partition: 'aws' };
const OTHER_ACCOUNT = '210987654321';
const parentRoleArn = 'arn:aws:iam::123456789012:role/communique-tee-prod-parent';
const administrator = 'arn:aws:iam::123456789012:role/deployer';
const operator = 'arn:aws:iam::123456789012:role/operator';
const stranger = 'arn:aws:iam::123456789012:role/somebody';
const outsider = `arn:aws:iam::${OTHER_ACCOUNT}:role/somebody`;
const keyArn = 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const operatorKeyArn = 'arn:aws:kms:us-east-1:123456789012:key/66666666-2222-3333-4444-555555555555';
const bucketArn = 'arn:aws:s3:::communique-tee-prod-images-123456789012-us-east-1';
const imageKey = `images/sha384/${'a'.repeat(96)}.eif`;
const secretArn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:communique-tee/prod/gateway/redis-url-AbCdEf';

const pcr = (digit: string): string => digit.repeat(96);
const image: AcceptedImage = { pcr0: pcr('1'), pcr1: pcr('2'), pcr2: pcr('3') };
const imageBefore: AcceptedImage = { pcr0: pcr('4') };
const acceptedImages = [image, imageBefore];
const keyArgs = { place, parentRoleArn, acceptedImages, administrators: [administrator] };
const everything: PolicyDocument = { Version: '2012-10-17', Statement: [{ Sid: 'All', Effect: 'Allow', Action: '*', Resource: '*' }] };

const policies = {
  enclaveKey: enclaveKeyPolicy(keyArgs),
  operatorKey: operatorKeyPolicy({ ...keyArgs, operators: [operator] }),
  bucket: imageBucketPolicy(place, bucketArn, [administrator]),
  parent: parentRolePolicy({
    place, bucketArn, objects: [{ key: imageKey, versionId: 'version-1' }, { key: 'parent/abc.tar' }], logGroupNames: ['/communique-tee/prod/gateway'], secretArns: [secretArn],
    enclaveKeyArn: keyArn, operatorKeyArn, acceptedImages: acceptedImages.map(({ pcr0 }) => pcr0), elasticIpAllocationId: 'eipalloc-0123456789abcdef0',
  }),
};

/** What KMS makes of the attestation document in a request. */
const attestation = (of: AcceptedImage): Record<string, string> => ({
  'kms:RecipientAttestation:ImageSha384': of.pcr0,
  'kms:RecipientAttestation:PCR0': of.pcr0,
  ...(of.pcr1 !== undefined && { 'kms:RecipientAttestation:PCR1': of.pcr1 }),
  ...(of.pcr2 !== undefined && { 'kms:RecipientAttestation:PCR2': of.pcr2 }),
});

interface Request {
  who: string;
  action: string;
  resource: string;
  /** The principal's own policy; whoever is not the parent is given everything, so that only the resource's policy holds him. */
  own?: PolicyDocument;
  on?: PolicyDocument;
  context?: Record<string, string>;
}

function decide({ who, action, resource, own, on, context }: Request): boolean {
  if (!engine) throw new Error('no engine');
  const account = who.split(':')[4] ?? '';
  const fullAccess = [{ orgIdentifier: 'r-root', policies: [{ name: 'FullAWSAccess', policy: everything }] }];
  const openToAll = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }] };
  const result = engine.runUnsafeSimulation(
    {
      request: {
        principal: who,
        action,
        resource: { resource, accountId: place.accountId },
        contextVariables: { 'aws:PrincipalArn': who, 'aws:PrincipalAccount': account, 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', 'aws:PrincipalIsAWSService': 'false', ...context },
      },
      identityPolicies: [{ name: 'own', policy: own ?? (who === parentRoleArn ? policies.parent : everything) }],
      serviceControlPolicies: fullAccess,
      resourceControlPolicies: [{ orgIdentifier: 'r-root', policies: [{ name: 'RCPFullAWSAccess', policy: openToAll }] }],
      ...(on && { resourcePolicy: on }),
    },
    {},
  );
  return result === 'Allowed';
}

const enclaveKey = (who: string, action: string, context?: Record<string, string>): Request => ({ who, action, resource: keyArn, on: policies.enclaveKey, ...(context && { context }) });
const operatorKey = (who: string, action: string, context?: Record<string, string>): Request => ({ who, action, resource: operatorKeyArn, on: policies.operatorKey, ...(context && { context }) });
const store = (who: string, action: string, resource: string, context?: Record<string, string>): Request => ({ who, action, resource, on: policies.bucket, ...(context && { context }) });
const parent = (action: string, resource: string, context?: Record<string, string>): Request => ({ who: parentRoleArn, action, resource, ...(context && { context }) });
const ofImage = (of: AcceptedImage) => attestation(of);
const instance = 'arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0';

const ALLOWED: [string, Request][] = [
  ['the enclave makes a data key', enclaveKey(parentRoleArn, 'kms:GenerateDataKey', ofImage(image))],
  ['the enclave opens its data key', enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage(image))],
  ['the image before does too, during a rollout', enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage(imageBefore))],
  ['measurements may be written in capitals', enclaveKey(parentRoleArn, 'kms:Decrypt', { ...ofImage(imageBefore), 'kms:RecipientAttestation:ImageSha384': pcr('4').toUpperCase() })],
  ['an administrator changes the policy', enclaveKey(administrator, 'kms:PutKeyPolicy', { 'kms:BypassPolicyLockoutSafetyCheck': 'false' })],
  ['anyone of the account whom IAM lets look, looks', enclaveKey(stranger, 'kms:DescribeKey')],
  ['an operator encrypts a secret for the enclave', operatorKey(operator, 'kms:Encrypt')],
  ['the enclave opens a secret', operatorKey(parentRoleArn, 'kms:Decrypt', ofImage(image))],
  ['the parent reads its image in its version', store(parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`, { 's3:VersionId': 'version-1' })],
  ['the parent reads its files', store(parentRoleArn, 's3:GetObject', `${bucketArn}/parent/abc.tar`)],
  ['the deployer puts an image there', store(administrator, 's3:PutObject', `${bucketArn}/${imageKey}`)],
  ['the parent reads its secret', parent('secretsmanager:GetSecretValue', secretArn)],
  ['the parent takes its address', parent('ec2:AssociateAddress', 'arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-0123456789abcdef0')],
  ['the parent writes its metrics', parent('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'CommuniqueTee' })],
  ['the parent writes its log', parent('logs:PutLogEvents', 'arn:aws:logs:us-east-1:123456789012:log-group:/communique-tee/prod/gateway:log-stream:i-1/gateway')],
];

const DENIED: [string, Request][] = [
  ['the parent opens an enclave key without attestation', enclaveKey(parentRoleArn, 'kms:Decrypt')],
  ['the parent makes a data key without attestation', enclaveKey(parentRoleArn, 'kms:GenerateDataKey')],
  ['the parent, given every right in IAM, without attestation', { ...enclaveKey(parentRoleArn, 'kms:Decrypt'), own: everything }],
  ['another image', { ...enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage({ pcr0: pcr('9') })), own: everything }],
  ['a debug enclave', { ...enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage({ pcr0: pcr('0'), pcr1: pcr('0'), pcr2: pcr('0') })), own: everything }],
  ['the image’s kernel with other ramdisks', enclaveKey(parentRoleArn, 'kms:Decrypt', { ...ofImage(image), 'kms:RecipientAttestation:PCR2': pcr('8') })],
  ['an enclave of another role', enclaveKey(stranger, 'kms:Decrypt', ofImage(image))],
  ['an enclave of another account', enclaveKey(outsider, 'kms:Decrypt', ofImage(image))],
  ['an administrator opens an enclave key', enclaveKey(administrator, 'kms:Decrypt')],
  ['an administrator with an attestation of his own', enclaveKey(administrator, 'kms:Decrypt', ofImage(image))],
  ...['kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:GenerateDataKeyPair', 'kms:CreateGrant'].flatMap((action): [string, Request][] => [
    [`the enclave itself: ${action}`, { ...enclaveKey(parentRoleArn, action, ofImage(image)), own: everything }],
    [`an administrator: ${action}`, enclaveKey(administrator, action)],
    [`another account: ${action}`, enclaveKey(outsider, action)],
  ]),
  ['somebody else changes the policy', enclaveKey(stranger, 'kms:PutKeyPolicy', { 'kms:BypassPolicyLockoutSafetyCheck': 'false' })],
  ['the parent changes the policy', { ...enclaveKey(parentRoleArn, 'kms:PutKeyPolicy'), own: everything }],
  ['an administrator locks everyone out', enclaveKey(administrator, 'kms:PutKeyPolicy', { 'kms:BypassPolicyLockoutSafetyCheck': 'true' })],
  ['somebody else ends the key', enclaveKey(stranger, 'kms:ScheduleKeyDeletion')],
  ['somebody else points the alias elsewhere', enclaveKey(stranger, 'kms:UpdateAlias')],
  ['an operator opens a secret', operatorKey(operator, 'kms:Decrypt')],
  ['the parent opens a secret', operatorKey(parentRoleArn, 'kms:Decrypt')],
  ['the parent makes a secret', { ...operatorKey(parentRoleArn, 'kms:Encrypt'), own: everything }],
  ['somebody else makes a secret', operatorKey(stranger, 'kms:Encrypt')],
  ['an administrator who is no operator makes a secret', operatorKey(administrator, 'kms:Encrypt')],
  ['a debug enclave opens a secret', operatorKey(parentRoleArn, 'kms:Decrypt', ofImage({ pcr0: pcr('0') }))],
  ['anyone re-encrypts a secret', operatorKey(operator, 'kms:ReEncryptFrom')],
  ['another version of the image', store(parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`, { 's3:VersionId': 'version-2' })],
  ['another object of the store', store(parentRoleArn, 's3:GetObject', `${bucketArn}/builds/other.eif`)],
  ['another bucket', parent('s3:GetObject', 'arn:aws:s3:::somebody-elses/parent/abc.tar')],
  ['the parent writes into the store', store(parentRoleArn, 's3:PutObject', `${bucketArn}/${imageKey}`)],
  ['reading without TLS', store(administrator, 's3:GetObject', `${bucketArn}/${imageKey}`, { 'aws:SecureTransport': 'false' })],
  ['reading with TLS 1.1', store(administrator, 's3:GetObject', `${bucketArn}/${imageKey}`, { 's3:TlsVersion': '1.1' })],
  ['another account reads the store', store(outsider, 's3:GetObject', `${bucketArn}/${imageKey}`)],
  ['somebody else ends a version of an image', store(stranger, 's3:DeleteObjectVersion', `${bucketArn}/${imageKey}`)],
  ['somebody else changes the store’s policy', store(stranger, 's3:PutBucketPolicy', bucketArn)],
  ['a secret of another stack', parent('secretsmanager:GetSecretValue', secretArn.replace('/prod/', '/dev/'))],
  ['changing a secret', parent('secretsmanager:PutSecretValue', secretArn)],
  ['metrics of another namespace', parent('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'AWS/EC2' })],
  ['the log of another stack', parent('logs:PutLogEvents', 'arn:aws:logs:us-east-1:123456789012:log-group:/communique-tee/dev/gateway:log-stream:x')],
  ['another address', parent('ec2:AssociateAddress', 'arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-0fedcba9876543210')],
  ['its address for somebody else’s instance', parent('ec2:AssociateAddress', instance, { 'aws:ResourceTag/communique-tee:stack': 'dev' })],
  ['taking another role', parent('sts:AssumeRole', administrator)],
  ['making a user', parent('iam:CreateUser', 'arn:aws:iam::123456789012:user/x')],
  ['starting an instance', parent('ec2:RunInstances', instance)],
];

it('denies at least as much as it allows', () => {
  expect(DENIED.length).toBeGreaterThanOrEqual(ALLOWED.length);
});

withEngine('by a policy engine (skipped where @cloud-copilot/iam-simulate is not installed)', () => {
  it.each(ALLOWED)('allowed: %s', (_what, request) => {
    expect(decide(request)).toBe(true);
  });
  it.each(DENIED)('denied: %s', (_what, request) => {
    expect(decide(request)).toBe(false);
  });
});

import type { Place } from '../names';
import { enclaveKeyPolicy, operatorKeyPolicy, type AcceptedImage } from '@communique-tee/key-policies';
import { alarmKeyPolicy, alarmTopicPolicy } from './alarms';
import { balancerLogBucketPolicy, imageBucketPolicy, residenceBucketPolicy, s3EndpointPolicy } from './buckets';
import type { PolicyDocument } from '@communique-tee/key-policies';
import { keyPolicyDocuments } from '@communique-tee/key-policies';
import { parentRolePolicy } from './parent-role';
import { snapshotPolicy } from './service-roles';
import { isAllowed } from './policy-engine';

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

const certificateSecretArn = secretArn.replace('gateway/redis-url', 'parent/certificate');

const pcr = (digit: string): string => digit.repeat(96);
const image: AcceptedImage = { pcr0: pcr('1'), pcr1: pcr('2'), pcr2: pcr('3') };
const imageBefore: AcceptedImage = { pcr0: pcr('4') };
/** An image whose PCR0 has letters, which can be written in capitals. */
const letters: AcceptedImage = { pcr0: pcr('c') };
const acceptedImages = [image, imageBefore, letters];
const keyArgs = { place, parentRoleArn, acceptedImages, administrators: [administrator] };
const everything: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'All', Effect: 'Allow', Action: '*', Resource: '*' }],
};

const policies = {
  enclaveKey: enclaveKeyPolicy(keyArgs),
  operatorKey: operatorKeyPolicy({ ...keyArgs, operators: [operator] }),
  bucket: imageBucketPolicy(place, bucketArn, [administrator]),
  parent: parentRolePolicy({
    place,
    bucketArn,
    objects: [{ key: imageKey, versionId: 'version-1' }, { key: 'parent/abc.tar' }],
    logGroupNames: ['/communique-tee/prod/gateway'],
    secretArns: [secretArn, certificateSecretArn],
    certificateSecretArn,
    enclaveKeyArn: keyArn,
    operatorKeyArn,
    acceptedImages: acceptedImages.map(({ pcr0 }) => pcr0),
    elasticIpAllocationId: 'eipalloc-0123456789abcdef0',
  }),
};

/** The condition keys that KMS sets from the attestation document in a request. */
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
  /** The principal's own policy. Default: the real one for the parent; for others, one that allows everything. */
  own?: PolicyDocument;
  on?: PolicyDocument;
  context?: Record<string, string>;
}

const decide = ({ who, action, resource, own, on, context }: Request): boolean =>
  isAllowed({
    who,
    action,
    resource,
    on,
    accountId: place.accountId,
    own: own ?? (who === parentRoleArn ? policies.parent : everything),
    context: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', ...context },
  });

const enclaveKey = (who: string, action: string, context?: Record<string, string>): Request => ({
  who,
  action,
  resource: keyArn,
  on: policies.enclaveKey,
  ...(context && { context }),
});
const operatorKey = (who: string, action: string, context?: Record<string, string>): Request => ({
  who,
  action,
  resource: operatorKeyArn,
  on: policies.operatorKey,
  ...(context && { context }),
});
const store = (who: string, action: string, resource: string, context?: Record<string, string>): Request => ({
  who,
  action,
  resource,
  on: policies.bucket,
  ...(context && { context }),
});
const parent = (action: string, resource: string, context?: Record<string, string>): Request => ({
  who: parentRoleArn,
  action,
  resource,
  ...(context && { context }),
});
const inContext = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`kms:EncryptionContext:communique-tee:${key}`, value]),
  );
/** The condition keys of a request for the enclave's own keys, from an enclave of this image. */
const ofImage = (
  of: AcceptedImage,
  context: Readonly<Record<string, string>> = { purpose: 'enclave-keys', stack: 'prod', pcr0: of.pcr0 },
) => ({ ...attestation(of), ...inContext(context) });
const SECRET = { purpose: 'operator-secret', stack: 'prod', secret: 'cwc-house' };
/** The condition keys of a request for an operator's secret, from an enclave of this image. */
const forSecret = (of: AcceptedImage, context: Readonly<Record<string, string>> = SECRET) => ofImage(of, context);
const KEYS = { purpose: 'enclave-keys', stack: 'prod', pcr0: image.pcr0 };
const without = <T extends Record<string, string>>(values: T, name: keyof T & string): Record<string, string> =>
  Object.fromEntries(Object.entries(values).filter(([key]) => key !== name));
const dataVolume = 'arn:aws:ec2:us-east-1:123456789012:volume/vol-0123456789abcdef0';
const snapshot = 'arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0';
const snapshots = (action: string, resource: string, context?: Record<string, string>): Request => ({
  who: 'arn:aws:iam::123456789012:role/communique-tee-prod-data-snapshots',
  action,
  resource,
  own: snapshotPolicy(place, 'vol-0123456789abcdef0'),
  ...(context && { context }),
});
const residenceArn = 'arn:aws:s3:::communique-tee-prod-tree-123456789012-us-east-1';
const publisher = 'arn:aws:iam::123456789012:role/registrar';
const residence = (who: string, action: string, path: string, context?: Record<string, string>): Request => ({
  who,
  action,
  resource: `${residenceArn}${path}`,
  own: { Version: '2012-10-17', Statement: [] },
  on: residenceBucketPolicy(place, residenceArn, [publisher]),
  ...(context && { context }),
});
const instance = 'arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0';

const ALLOWED: [string, Request][] = [
  ['the registrar uploads a note', residence(publisher, 's3:PutObject', '/root.note')],
  ['the registrar deletes the files of an expired root', residence(publisher, 's3:DeleteObject', '/aa/subtrees')],
  ['the registrar lists the bucket', residence(publisher, 's3:ListBucket', '')],
  ['the enclave makes a data key', enclaveKey(parentRoleArn, 'kms:GenerateDataKey', ofImage(image))],
  ['the enclave opens its data key', enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage(image))],
  [
    'the previous image opens its data key, during a rollout',
    enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage(imageBefore)),
  ],
  [
    'the enclave opens its data key if its measurement is written in capitals',
    enclaveKey(parentRoleArn, 'kms:Decrypt', {
      ...ofImage(letters),
      'kms:RecipientAttestation:ImageSha384': pcr('c').toUpperCase(),
    }),
  ],
  [
    'an administrator points the alias to another key, which raises an alarm',
    enclaveKey(administrator, 'kms:UpdateAlias'),
  ],
  [
    'an administrator changes the policy',
    enclaveKey(administrator, 'kms:PutKeyPolicy', { 'kms:BypassPolicyLockoutSafetyCheck': 'false' }),
  ],
  ['a principal with IAM rights describes the key', enclaveKey(stranger, 'kms:DescribeKey')],
  ['an operator encrypts a secret for the enclave', operatorKey(operator, 'kms:Encrypt', inContext(SECRET))],
  ['the enclave opens a secret', operatorKey(parentRoleArn, 'kms:Decrypt', forSecret(image))],
  ['the previous image opens a secret', operatorKey(parentRoleArn, 'kms:Decrypt', forSecret(imageBefore))],
  [
    'the parent reads the pinned version of its image',
    store(parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`, { 's3:VersionId': 'version-1' }),
  ],
  ['the parent reads its files', store(parentRoleArn, 's3:GetObject', `${bucketArn}/parent/abc.tar`)],
  ['the deployer uploads an image', store(administrator, 's3:PutObject', `${bucketArn}/${imageKey}`)],
  ['the parent reads its secret', parent('secretsmanager:GetSecretValue', secretArn)],
  ['the parent reads its stored certificate', parent('secretsmanager:GetSecretValue', certificateSecretArn)],
  ['the parent stores its certificate', parent('secretsmanager:PutSecretValue', certificateSecretArn)],
  [
    'the parent keeps the launch hook open',
    parent(
      'autoscaling:RecordLifecycleActionHeartbeat',
      'arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/communique-tee-prod-parent',
    ),
  ],
  [
    'the parent takes its address',
    parent('ec2:AssociateAddress', 'arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-0123456789abcdef0'),
  ],
  [
    'the parent gives its address back to the previous parent',
    parent('ec2:AssociateAddress', instance, { 'aws:ResourceTag/communique-tee:stack': 'prod' }),
  ],
  [
    'the parent releases its address',
    parent('ec2:DisassociateAddress', 'arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-0123456789abcdef0'),
  ],
  [
    'the parent releases the address from an instance of the stack',
    parent('ec2:DisassociateAddress', instance, { 'aws:ResourceTag/communique-tee:stack': 'prod' }),
  ],
  ['the snapshots’ role makes a snapshot of the data volume', snapshots('ec2:CreateSnapshot', dataVolume)],
  [
    'the snapshots’ role deletes a snapshot of the stack',
    snapshots('ec2:DeleteSnapshot', snapshot, { 'aws:ResourceTag/communique-tee:stack': 'prod' }),
  ],
  [
    'the parent writes its metrics',
    parent('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'CommuniqueTee' }),
  ],
  [
    'the parent writes its log',
    parent(
      'logs:PutLogEvents',
      'arn:aws:logs:us-east-1:123456789012:log-group:/communique-tee/prod/gateway:log-stream:i-1/gateway',
    ),
  ],
];

const DENIED: [string, Request][] = [
  ['an administrator uploads a note', { ...residence(administrator, 's3:PutObject', '/root.note'), own: everything }],
  [
    'another account uploads a note, although its own policy allows everything',
    { ...residence(outsider, 's3:PutObject', '/root.note'), own: everything },
  ],
  [
    'a note is uploaded without TLS',
    residence(publisher, 's3:PutObject', '/root.note', { 'aws:SecureTransport': 'false' }),
  ],
  ['another account reads a note without CloudFront', residence(outsider, 's3:GetObject', '/root.note')],
  ['the registrar changes the bucket’s policy', residence(publisher, 's3:PutBucketPolicy', '')],
  ['the parent opens an enclave key without attestation', enclaveKey(parentRoleArn, 'kms:Decrypt', inContext(KEYS))],
  [
    'the parent makes a data key without attestation',
    enclaveKey(parentRoleArn, 'kms:GenerateDataKey', inContext(KEYS)),
  ],
  [
    'the parent opens an enclave key without attestation, although IAM allows it everything',
    { ...enclaveKey(parentRoleArn, 'kms:Decrypt', inContext(KEYS)), own: everything },
  ],
  [
    'another image opens an enclave key',
    { ...enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage({ pcr0: pcr('9') })), own: everything },
  ],
  [
    'a debug enclave opens an enclave key',
    {
      ...enclaveKey(parentRoleArn, 'kms:Decrypt', ofImage({ pcr0: pcr('0'), pcr1: pcr('0'), pcr2: pcr('0') })),
      own: everything,
    },
  ],
  [
    'an image with the same kernel but other ramdisks opens an enclave key',
    enclaveKey(parentRoleArn, 'kms:Decrypt', { ...ofImage(image), 'kms:RecipientAttestation:PCR2': pcr('8') }),
  ],
  ['an enclave of another role opens an enclave key', enclaveKey(stranger, 'kms:Decrypt', ofImage(image))],
  ['an enclave of another account opens an enclave key', enclaveKey(outsider, 'kms:Decrypt', ofImage(image))],
  ['an administrator opens an enclave key', enclaveKey(administrator, 'kms:Decrypt', inContext(KEYS))],
  [
    'an administrator opens an enclave key with the attestation of an accepted image',
    enclaveKey(administrator, 'kms:Decrypt', ofImage(image)),
  ],
  ...[
    'kms:Encrypt',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:GenerateDataKeyPair',
    'kms:CreateGrant',
  ].flatMap((action): [string, Request][] => [
    [`the enclave calls ${action}`, { ...enclaveKey(parentRoleArn, action, ofImage(image)), own: everything }],
    [`an administrator calls ${action}`, enclaveKey(administrator, action)],
    [`another account calls ${action}`, enclaveKey(outsider, action)],
  ]),
  // An image may use only the keys that it made, although both images are accepted. Every part of the context is required.
  ...(['kms:Decrypt', 'kms:GenerateDataKey'] as const).flatMap((action): [string, Request][] => [
    [
      `the previous image calls ${action} for keys of the new image`,
      { ...enclaveKey(parentRoleArn, action, ofImage(imageBefore, KEYS)), own: everything },
    ],
    [
      `the new image calls ${action} for keys of the previous image`,
      { ...enclaveKey(parentRoleArn, action, ofImage(image, { ...KEYS, pcr0: imageBefore.pcr0 })), own: everything },
    ],
    [
      `the enclave calls ${action} for keys of an image that is not accepted`,
      { ...enclaveKey(parentRoleArn, action, ofImage(image, { ...KEYS, pcr0: pcr('9') })), own: everything },
    ],
    [
      `the enclave calls ${action} with its measurement in capitals in the context`,
      enclaveKey(parentRoleArn, action, ofImage(letters, { ...KEYS, pcr0: letters.pcr0.toUpperCase() })),
    ],
    ...(['purpose', 'stack', 'pcr0'] as const).map((name): [string, Request] => [
      `the enclave calls ${action} without ${name} in the context`,
      { ...enclaveKey(parentRoleArn, action, ofImage(image, without(KEYS, name))), own: everything },
    ]),
    [
      `the enclave calls ${action} without a context`,
      { ...enclaveKey(parentRoleArn, action, attestation(image)), own: everything },
    ],
    [
      `the enclave calls ${action} with another stack's context`,
      { ...enclaveKey(parentRoleArn, action, ofImage(image, { ...KEYS, stack: 'dev' })), own: everything },
    ],
    [
      `the enclave calls ${action} for another purpose`,
      {
        ...enclaveKey(parentRoleArn, action, ofImage(image, { ...KEYS, purpose: 'operator-secret' })),
        own: everything,
      },
    ],
  ]),
  ...(['purpose', 'stack', 'secret'] as const).flatMap((name): [string, Request][] => [
    [`an operator encrypts without ${name}`, operatorKey(operator, 'kms:Encrypt', inContext(without(SECRET, name)))],
    [
      `the enclave opens a secret without ${name}`,
      { ...operatorKey(parentRoleArn, 'kms:Decrypt', forSecret(image, without(SECRET, name))), own: everything },
    ],
  ]),
  [
    'an operator encrypts for another stack',
    operatorKey(operator, 'kms:Encrypt', inContext({ ...SECRET, stack: 'dev' })),
  ],
  [
    'an operator encrypts with the purpose of enclave keys',
    operatorKey(operator, 'kms:Encrypt', inContext({ ...SECRET, purpose: 'enclave-keys' })),
  ],
  [
    'the enclave opens a secret of another stack',
    { ...operatorKey(parentRoleArn, 'kms:Decrypt', forSecret(image, { ...SECRET, stack: 'dev' })), own: everything },
  ],
  [
    'another image opens a secret',
    { ...operatorKey(parentRoleArn, 'kms:Decrypt', forSecret({ pcr0: pcr('9') })), own: everything },
  ],
  ['an enclave of another role opens a secret', operatorKey(stranger, 'kms:Decrypt', forSecret(image))],
  [
    'the enclave makes a data key with the operator’s key',
    { ...operatorKey(parentRoleArn, 'kms:GenerateDataKey', forSecret(image)), own: everything },
  ],
  // Pointing the alias to another key needs a right on this key.
  ...(
    [
      'kms:UpdateAlias',
      'kms:DeleteAlias',
      'kms:CreateAlias',
      'kms:DisableKey',
      'kms:CancelKeyDeletion',
      'kms:EnableKey',
    ] as const
  ).flatMap((action): [string, Request][] => [
    [`another principal calls ${action}`, enclaveKey(stranger, action)],
    [
      `the parent calls ${action}, although IAM allows it everything`,
      { ...enclaveKey(parentRoleArn, action), own: everything },
    ],
    [`an operator calls ${action} on the key of their secrets`, operatorKey(operator, action)],
  ]),
  ['another account points the alias to another key', enclaveKey(outsider, 'kms:UpdateAlias')],
  ['another account changes the policy', enclaveKey(outsider, 'kms:PutKeyPolicy')],
  ['an operator changes the policy', operatorKey(operator, 'kms:PutKeyPolicy')],
  [
    'another principal changes the policy',
    enclaveKey(stranger, 'kms:PutKeyPolicy', { 'kms:BypassPolicyLockoutSafetyCheck': 'false' }),
  ],
  ['the parent changes the policy', { ...enclaveKey(parentRoleArn, 'kms:PutKeyPolicy'), own: everything }],
  [
    'an administrator locks everyone out',
    enclaveKey(administrator, 'kms:PutKeyPolicy', { 'kms:BypassPolicyLockoutSafetyCheck': 'true' }),
  ],
  ['another principal schedules the deletion of the key', enclaveKey(stranger, 'kms:ScheduleKeyDeletion')],
  ['another principal points the alias to another key', enclaveKey(stranger, 'kms:UpdateAlias')],
  ['an operator opens a secret', operatorKey(operator, 'kms:Decrypt', inContext(SECRET))],
  ['the parent opens a secret', { ...operatorKey(parentRoleArn, 'kms:Decrypt', inContext(SECRET)), own: everything }],
  ['the parent makes a secret', { ...operatorKey(parentRoleArn, 'kms:Encrypt', inContext(SECRET)), own: everything }],
  ['another principal makes a secret', operatorKey(stranger, 'kms:Encrypt', inContext(SECRET))],
  ['an administrator who is no operator makes a secret', operatorKey(administrator, 'kms:Encrypt', inContext(SECRET))],
  [
    'a debug enclave opens a secret',
    { ...operatorKey(parentRoleArn, 'kms:Decrypt', forSecret({ pcr0: pcr('0') })), own: everything },
  ],
  ['an operator re-encrypts a secret', operatorKey(operator, 'kms:ReEncryptFrom', inContext(SECRET))],
  [
    'the parent reads another version of its image',
    store(parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`, { 's3:VersionId': 'version-2' }),
  ],
  [
    'the parent reads another object of the store',
    store(parentRoleArn, 's3:GetObject', `${bucketArn}/builds/other.eif`),
  ],
  ['the parent reads another bucket', parent('s3:GetObject', 'arn:aws:s3:::somebody-elses/parent/abc.tar')],
  ['the parent writes into the store', store(parentRoleArn, 's3:PutObject', `${bucketArn}/${imageKey}`)],
  [
    'an administrator reads without TLS',
    store(administrator, 's3:GetObject', `${bucketArn}/${imageKey}`, { 'aws:SecureTransport': 'false' }),
  ],
  [
    'the parent reads its own image without TLS',
    store(parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`, {
      's3:VersionId': 'version-1',
      'aws:SecureTransport': 'false',
    }),
  ],
  [
    'the parent reads an object under another prefix',
    store(parentRoleArn, 's3:GetObject', `${bucketArn}/releases/abc.tar.gz`),
  ],
  [
    'the parent reads its image without naming a version',
    store(parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`),
  ],
  ['the parent lists the store', store(parentRoleArn, 's3:ListBucket', bucketArn)],
  [
    'an administrator reads with TLS 1.1',
    store(administrator, 's3:GetObject', `${bucketArn}/${imageKey}`, { 's3:TlsVersion': '1.1' }),
  ],
  ['another account reads the store', store(outsider, 's3:GetObject', `${bucketArn}/${imageKey}`)],
  [
    'another principal deletes a version of an image',
    store(stranger, 's3:DeleteObjectVersion', `${bucketArn}/${imageKey}`),
  ],
  ['another principal changes the store’s policy', store(stranger, 's3:PutBucketPolicy', bucketArn)],
  [
    'the parent reads a secret of another stack',
    parent('secretsmanager:GetSecretValue', secretArn.replace('/prod/', '/dev/')),
  ],
  ['the parent changes a secret', parent('secretsmanager:PutSecretValue', secretArn)],
  ['the parent deletes the stored certificate', parent('secretsmanager:DeleteSecret', certificateSecretArn)],
  [
    'the parent changes another stack’s certificate',
    parent('secretsmanager:PutSecretValue', certificateSecretArn.replace('/prod/', '/dev/')),
  ],
  [
    'the parent writes metrics in another namespace',
    parent('cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'AWS/EC2' }),
  ],
  [
    'the parent writes the log of another stack',
    parent(
      'logs:PutLogEvents',
      'arn:aws:logs:us-east-1:123456789012:log-group:/communique-tee/dev/gateway:log-stream:x',
    ),
  ],
  [
    'the parent takes another address',
    parent('ec2:AssociateAddress', 'arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-0fedcba9876543210'),
  ],
  [
    'the parent gives its address to an instance of another stack',
    parent('ec2:AssociateAddress', instance, { 'aws:ResourceTag/communique-tee:stack': 'dev' }),
  ],
  [
    'the parent releases another address',
    parent('ec2:DisassociateAddress', 'arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-0fedcba9876543210'),
  ],
  [
    'the snapshots’ role makes a snapshot of another volume',
    snapshots('ec2:CreateSnapshot', dataVolume.replace(/.$/, '1')),
  ],
  [
    'the snapshots’ role deletes a snapshot of another stack',
    snapshots('ec2:DeleteSnapshot', snapshot, { 'aws:ResourceTag/communique-tee:stack': 'dev' }),
  ],
  ['the snapshots’ role deletes a snapshot without tags', snapshots('ec2:DeleteSnapshot', snapshot)],
  [
    'the snapshots’ role shows a snapshot to others',
    snapshots('ec2:ModifySnapshotAttribute', snapshot, { 'aws:ResourceTag/communique-tee:stack': 'prod' }),
  ],
  ['the parent takes another role', parent('sts:AssumeRole', administrator)],
  ['the parent makes a user', parent('iam:CreateUser', 'arn:aws:iam::123456789012:user/x')],
  ['the parent starts an instance', parent('ec2:RunInstances', instance)],
];

it('has at least as many denied as allowed requests', () => {
  expect(DENIED.length).toBeGreaterThanOrEqual(ALLOWED.length);
});

it.each(ALLOWED)('allows: %s', (_what, request) => {
  expect(decide(request)).toBe(true);
});

it.each(DENIED)('denies: %s', (_what, request) => {
  expect(decide(request)).toBe(false);
});

describe('the S3 endpoint of the network', () => {
  const packages = 'arn:aws:s3:::al2023-repos-us-east-1-de612dc2/core/mirrors/latest/aarch64/mirror.list';
  const nothing: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'Nothing', Effect: 'Deny', Action: ['iam:*'], Resource: '*' }],
  };
  const passes = (who: string, action: string, resource: string) =>
    isAllowed({
      who,
      action,
      resource,
      accountId: place.accountId,
      own: nothing,
      on: s3EndpointPolicy(place, bucketArn),
      context: {},
    });

  it.each([
    ['the parent to read its image', parentRoleArn, 's3:GetObjectVersion', `${bucketArn}/${imageKey}`],
    ['the parent to read its files', parentRoleArn, 's3:GetObject', `${bucketArn}/parent/abc.tar`],
    ['the parent to read packages', parentRoleArn, 's3:GetObject', packages],
  ])('allows %s', (_what, who, action, resource) => {
    expect(passes(who, action, resource)).toBe(true);
  });

  it.each([
    ['reading from a foreign bucket', parentRoleArn, 's3:GetObject', 'arn:aws:s3:::somebody-elses/x'],
    ['writing to a foreign bucket', parentRoleArn, 's3:PutObject', 'arn:aws:s3:::somebody-elses/x'],
    ['writing to the stack’s own store', parentRoleArn, 's3:PutObject', `${bucketArn}/${imageKey}`],
    [
      'reading the stack’s own store with another account’s credentials',
      outsider,
      's3:GetObject',
      `${bucketArn}/${imageKey}`,
    ],
    [
      'reading from a bucket whose name begins like the packages’ bucket',
      parentRoleArn,
      's3:GetObject',
      'arn:aws:s3:::al2023-repos-us-east-1-de612dc2-mine/x',
    ],
  ])('denies %s', (_what, who, action, resource) => {
    expect(passes(who, action, resource)).toBe(false);
  });
});

describe('the bucket of the balancer’s logs', () => {
  const logs = 'arn:aws:s3:::communique-tee-prod-access-123456789012-us-east-1';
  it.each(['application', 'network'] as const)('lets no other account write or read: %s', (kind) => {
    const on = balancerLogBucketPolicy(place, logs, kind);
    const asked = (who: string, action: string) =>
      isAllowed({
        who,
        action,
        resource: `${logs}/AWSLogs/123456789012/x`,
        accountId: place.accountId,
        own: everything,
        on,
        context: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' },
      });
    expect([asked(outsider, 's3:PutObject'), asked(outsider, 's3:GetObject')]).toEqual([false, false]);
    expect(asked(administrator, 's3:GetObject')).toBe(true);
  });
});

describe('the alarms’ key and topic', () => {
  const topicArn = 'arn:aws:sns:us-east-1:123456789012:communique-tee-prod-alarms';
  const alarmKey = keyArn;
  const fromHere = { 'aws:SourceAccount': place.accountId };
  const publishes = (service: string, context: Record<string, string>): boolean =>
    [
      { action: 'kms:GenerateDataKey', resource: alarmKey, on: alarmKeyPolicy(place) },
      { action: 'kms:Decrypt', resource: alarmKey, on: alarmKeyPolicy(place) },
      { action: 'sns:Publish', resource: topicArn, on: alarmTopicPolicy(place, topicArn) },
    ].every((step) =>
      isAllowed({
        ...step,
        who: service,
        accountId: place.accountId,
        own: everything,
        context: { 'aws:PrincipalIsAWSService': 'true', 'aws:SecureTransport': 'true', ...context },
      }),
    );

  it.each(['cloudwatch.amazonaws.com', 'budgets.amazonaws.com'])('let %s publish only for this account', (service) => {
    expect(publishes(service, fromHere)).toBe(true);
    expect(publishes(service, { 'aws:SourceAccount': OTHER_ACCOUNT })).toBe(false);
    expect(publishes(service, {})).toBe(false);
  });

  it('let EventBridge publish, which names no source account', () => {
    expect(publishes('events.amazonaws.com', {})).toBe(true);
  });

  it.each(['lambda.amazonaws.com', 's3.amazonaws.com'])('do not let %s publish', (service) => {
    expect(publishes(service, fromHere)).toBe(false);
  });
});

describe('KMS’s lockout check, which asks whether the author of a policy could change it again', () => {
  const nothing: PolicyDocument = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'Other', Effect: 'Allow', Action: ['s3:GetObject'], Resource: '*' }],
  };
  const passes = (who: string, on: PolicyDocument, principalAlone: boolean): boolean =>
    isAllowed({
      who,
      action: 'kms:PutKeyPolicy',
      resource: keyArn,
      accountId: place.accountId,
      own: nothing,
      on,
      context: {},
      principalAlone,
    });
  it.each([
    ['enclave', policies.enclaveKey],
    ['operator', policies.operatorKey],
  ])('passes for an administrator by the %s key’s policy, whatever condition keys the request has', (_key, on) => {
    expect([passes(administrator, on, true), passes(administrator, on, false)]).toEqual([true, true]);
    expect([passes(stranger, on, true), passes(stranger, on, false)]).toEqual([false, false]);
  });
});

it('keyPolicyDocuments returns the policies that the program uses', () => {
  const documents = keyPolicyDocuments({
    ...place,
    parentRoleArn,
    acceptedImages,
    administrators: [administrator],
    operators: [operator],
  });
  expect([JSON.parse(documents.enclave), JSON.parse(documents.operator)]).toEqual([
    policies.enclaveKey,
    policies.operatorKey,
  ]);
  // KMS accepts at most 32 KiB.
  const most = keyPolicyDocuments({
    ...place,
    parentRoleArn,
    acceptedImages: Array.from({ length: 9 }, (_x, n) => ({
      pcr0: pcr(String(n + 1)),
      pcr1: pcr('a'),
      pcr2: pcr('b'),
      pcr8: pcr('c'),
    })),
    administrators: Array<string>(8).fill(administrator),
  });
  expect(Buffer.byteLength(most.enclave)).toBeLessThan(32 * 1024);
});

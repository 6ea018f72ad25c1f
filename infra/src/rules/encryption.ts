import { isTrue, listOf, recordOf, unless, type ResourceRule, type RuleResource } from './rule';

type Props = RuleResource['props'];
const parameter = (props: Props, name: string, value: string, said: string): string[] =>
  unless(
    listOf(props.parameters).some((each) => recordOf(each).name === name && String(recordOf(each).value) === value),
    said,
  );

/** Checks by resource type. */
const CHECKS: Readonly<Record<string, (props: Props) => string[]>> = {
  'aws:ec2/launchTemplate:LaunchTemplate': ({ blockDeviceMappings }) => [
    ...unless(
      listOf(blockDeviceMappings).length > 0,
      'does not configure its disks, and the image’s own disks may be unencrypted',
    ),
    ...listOf(blockDeviceMappings).flatMap((mapping) =>
      unless(
        isTrue(recordOf(recordOf(mapping).ebs).encrypted),
        `the disk ${String(recordOf(mapping).deviceName)} is not encrypted`,
      ),
    ),
  ],
  'aws:ebs/volume:Volume': ({ encrypted }) => unless(isTrue(encrypted), 'is not encrypted'),
  'aws:rds/instance:Instance': ({ storageEncrypted, publiclyAccessible }) => [
    ...unless(isTrue(storageEncrypted), 'is not encrypted'),
    ...unless(publiclyAccessible === false, 'may be reached from outside the network'),
  ],
  'aws:rds/parameterGroup:ParameterGroup': (props) =>
    parameter(props, 'rds.force_ssl', '1', 'takes connections without TLS (rds.force_ssl)'),
  'aws:elasticache/replicationGroup:ReplicationGroup': ({
    atRestEncryptionEnabled,
    transitEncryptionEnabled,
    transitEncryptionMode,
  }) => [
    ...unless(isTrue(atRestEncryptionEnabled), 'is not encrypted on its disks'),
    ...unless(
      isTrue(transitEncryptionEnabled) && transitEncryptionMode === 'required',
      'takes connections without TLS',
    ),
  ],
  'aws:sns/topic:Topic': ({ kmsMasterKeyId }) =>
    unless(typeof kmsMasterKeyId === 'string' && kmsMasterKeyId !== '', 'is not encrypted'),
  'aws:s3/bucketObjectv2:BucketObjectv2': ({ serverSideEncryption }) =>
    unless(serverSideEncryption !== undefined, 'does not say how it is encrypted'),
  'aws:ecr/repository:Repository': ({ encryptionConfigurations, imageTagMutability, imageScanningConfiguration }) => [
    ...unless(listOf(encryptionConfigurations).length > 0, 'does not say how it is encrypted'),
    ...unless(imageTagMutability === 'IMMUTABLE', 'allows a tag to move to another image'),
    ...unless(isTrue(recordOf(imageScanningConfiguration).scanOnPush), 'does not scan pushed images'),
  ],
  'aws:kms/key:Key': ({ enableKeyRotation, multiRegion }) => [
    ...unless(isTrue(enableKeyRotation), 'is never rotated'),
    ...unless(!isTrue(multiRegion), 'may be copied to other regions'),
  ],
  'aws:lb/listener:Listener': ({ protocol, sslPolicy, defaultActions }) =>
    protocol === 'HTTPS' || protocol === 'TLS'
      ? unless(typeof sslPolicy === 'string' && /TLS13-1-[23]-/.test(sslPolicy), 'takes TLS older than 1.2')
      : unless(
          listOf(defaultActions).length > 0 &&
            listOf(defaultActions).every(
              (action) =>
                recordOf(action).type === 'redirect' && recordOf(recordOf(action).redirect).protocol === 'HTTPS',
            ),
          'answers without TLS',
        ),
};

export const encryptedEverywhere: ResourceRule = {
  name: 'encrypted-everywhere',
  description:
    'Disks, databases, caches, topics, objects and container images are encrypted; connections are TLS 1.2 or newer; KMS keys rotate and stay in their region.',
  check: ({ type, props }) => CHECKS[type]?.(props) ?? [],
};

/** Inputs whose value the provider reads back from AWS into the state. */
const IN_THE_CLEAR: Readonly<Record<string, readonly string[]>> = {
  'aws:secretsmanager/secretVersion:SecretVersion': ['secretString', 'secretBinary'],
  'aws:rds/instance:Instance': ['password'],
  'aws:elasticache/replicationGroup:ReplicationGroup': ['authToken'],
};

export const secretsWriteOnly: ResourceRule = {
  name: 'secrets-write-only',
  description:
    'Values of secrets go to AWS by write-only inputs, which the provider never returns; Pulumi’s state has them only as encrypted inputs.',
  check: ({ type, props }) =>
    (IN_THE_CLEAR[type] ?? []).flatMap((input) =>
      unless(props[input] === undefined, `the provider would return ${input} into the state: use the write-only input`),
    ),
};

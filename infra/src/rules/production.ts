import { ACCESS_LOGS, BUILD_LOG, CERTIFICATE_SECRET, REDIS_TOKEN_SECRET } from '../names';
import { isProduction, isTrue, numberOf, unless, type ResourceRule, type RuleResource } from './rule';

type Props = RuleResource['props'];

/** By resource type: returns the ways in which production data could be lost in one step. */
const CHECKS: Readonly<Record<string, (props: Props) => string[]>> = {
  'aws:rds/instance:Instance': ({
    deletionProtection,
    skipFinalSnapshot,
    finalSnapshotIdentifier,
    backupRetentionPeriod,
    multiAz,
  }) => [
    ...unless(isTrue(deletionProtection), 'may be deleted'),
    ...unless(
      skipFinalSnapshot !== true && finalSnapshotIdentifier !== undefined,
      'leaves no snapshot when it is deleted',
    ),
    ...unless(numberOf(backupRetentionPeriod) >= 7, 'keeps backups for less than a week'),
    ...unless(isTrue(multiAz), 'is in one zone'),
  ],
  'aws:elasticache/replicationGroup:ReplicationGroup': ({ finalSnapshotIdentifier, automaticFailoverEnabled }) => [
    ...unless(finalSnapshotIdentifier !== undefined, 'leaves no snapshot when it is deleted'),
    ...unless(isTrue(automaticFailoverEnabled), 'has no second node to take over'),
  ],
  // Access logs are exempt: they expire after some weeks anyway, and are deleted with their balancer.
  'aws:s3/bucket:Bucket': ({ bucket, forceDestroy }) =>
    unless(String(bucket).includes(`-${ACCESS_LOGS}-`) || !isTrue(forceDestroy), 'is deleted with everything in it'),
  'aws:ebs/volume:Volume': ({ finalSnapshot }) =>
    unless(isTrue(finalSnapshot), 'leaves no snapshot when it is deleted'),
  'aws:kms/key:Key': ({ deletionWindowInDays }) =>
    unless(numberOf(deletionWindowInDays) >= 7, 'can be recovered for less than a week after it is deleted'),
  // The log of builds is exempt: it has no records of the service.
  'aws:cloudwatch/logGroup:LogGroup': ({ name, deletionProtectionEnabled }) =>
    unless(String(name).endsWith(`/${BUILD_LOG}`) || isTrue(deletionProtectionEnabled), 'may be deleted'),
  // Two secrets are exempt: the certificate can be issued again, and Redis's password is in the configuration.
  'aws:secretsmanager/secret:Secret': ({ name, recoveryWindowInDays }) =>
    unless(
      [CERTIFICATE_SECRET, REDIS_TOKEN_SECRET].some((path) => String(name).endsWith(`/${path}`)) ||
        numberOf(recoveryWindowInDays) >= 7,
      'can be recovered for less than a week after it is deleted',
    ),
};

export const deletionProtection: ResourceRule = {
  name: 'deletion-protection',
  description: 'In production no data is deleted in one step: deletion protection, final snapshots, waiting times.',
  check: (resource) => (isProduction(resource) ? (CHECKS[resource.type]?.(resource.props) ?? []) : []),
};

import { BUILD_LOG } from '../names';
import { isProduction, isTrue, numberOf, unless, type ResourceRule, type RuleResource } from './rule';

type Props = RuleResource['props'];

/** By type: what is said where something of production could be lost in one step. */
const CHECKS: Readonly<Record<string, (props: Props) => string[]>> = {
  'aws:rds/instance:Instance': ({
    deletionProtection,
    skipFinalSnapshot,
    finalSnapshotIdentifier,
    backupRetentionPeriod,
    multiAz,
  }) => [
    ...unless(isTrue(deletionProtection), 'may be deleted'),
    ...unless(skipFinalSnapshot !== true && finalSnapshotIdentifier !== undefined, 'leaves no snapshot when it ends'),
    ...unless(numberOf(backupRetentionPeriod) >= 7, 'keeps backups for less than a week'),
    ...unless(isTrue(multiAz), 'is in one zone'),
  ],
  'aws:elasticache/replicationGroup:ReplicationGroup': ({ finalSnapshotIdentifier, automaticFailoverEnabled }) => [
    ...unless(finalSnapshotIdentifier !== undefined, 'leaves no snapshot when it ends'),
    ...unless(isTrue(automaticFailoverEnabled), 'has no second node to take over'),
  ],
  'aws:lb/loadBalancer:LoadBalancer': ({ enableDeletionProtection }) =>
    unless(isTrue(enableDeletionProtection), 'may be deleted'),
  'aws:s3/bucket:Bucket': ({ forceDestroy }) => unless(!isTrue(forceDestroy), 'goes with everything in it'),
  'aws:ebs/volume:Volume': ({ finalSnapshot }) => unless(isTrue(finalSnapshot), 'leaves no snapshot when it ends'),
  'aws:kms/key:Key': ({ deletionWindowInDays }) =>
    unless(numberOf(deletionWindowInDays) >= 7, 'ends less than a week after it is deleted'),
  // Of a build nothing is kept: the log holds no record of what the service did.
  'aws:cloudwatch/logGroup:LogGroup': ({ name, deletionProtectionEnabled }) =>
    unless(String(name).endsWith(`/${BUILD_LOG}`) || isTrue(deletionProtectionEnabled), 'may be deleted'),
  'aws:secretsmanager/secret:Secret': ({ recoveryWindowInDays }) =>
    unless(numberOf(recoveryWindowInDays) >= 7, 'ends less than a week after it is deleted'),
};

export const deletionProtection: ResourceRule = {
  name: 'deletion-protection',
  description:
    'In production nothing that holds data ends in one step: deletion protection, final snapshots, waiting times.',
  check: (resource) => (isProduction(resource) ? (CHECKS[resource.type]?.(resource.props) ?? []) : []),
};

import { isProduction, isTrue, numberOf, unless, type ResourceRule, type RuleResource } from './rule';

type Props = RuleResource['props'];

/** Violations by type: what would stop `pulumi destroy`, or keep a name that the next `pulumi up` needs. */
const CHECKS: Readonly<Record<string, (props: Props) => string[]>> = {
  'aws:secretsmanager/secret:Secret': ({ recoveryWindowInDays }) =>
    unless(numberOf(recoveryWindowInDays) === 0, 'keeps its name after it is deleted'),
  'aws:s3/bucket:Bucket': ({ forceDestroy }) => unless(isTrue(forceDestroy), 'cannot be deleted with objects in it'),
  'aws:ecr/repository:Repository': ({ forceDelete }) =>
    unless(isTrue(forceDelete), 'cannot be deleted with images in it'),
  'aws:rds/instance:Instance': ({ deletionProtection, skipFinalSnapshot }) => [
    ...unless(!isTrue(deletionProtection), 'cannot be deleted'),
    ...unless(isTrue(skipFinalSnapshot), 'leaves a snapshot'),
  ],
  'aws:elasticache/replicationGroup:ReplicationGroup': ({ finalSnapshotIdentifier }) =>
    unless(finalSnapshotIdentifier === undefined, 'leaves a snapshot'),
  'aws:lb/loadBalancer:LoadBalancer': ({ enableDeletionProtection }) =>
    unless(!isTrue(enableDeletionProtection), 'cannot be deleted'),
  'aws:cloudwatch/logGroup:LogGroup': ({ deletionProtectionEnabled, skipDestroy }) => [
    ...unless(!isTrue(deletionProtectionEnabled), 'cannot be deleted'),
    ...unless(!isTrue(skipDestroy), 'keeps its name after it is deleted'),
  ],
};

export const destroyable: ResourceRule = {
  name: 'destroyable',
  description: 'Outside production `pulumi destroy` deletes everything, and `pulumi up` can make it again at once.',
  check: (resource) => (isProduction(resource) ? [] : (CHECKS[resource.type]?.(resource.props) ?? [])),
};

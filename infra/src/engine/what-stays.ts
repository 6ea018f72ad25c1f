type Inputs = Readonly<Record<string, unknown>>;

/** Names that AWS gives once in an account and region. The stand-in knows these types and no more. */
const NAMED: Readonly<Record<string, string>> = {
  'aws:cloudwatch/logGroup:LogGroup': 'name',
  'aws:ecr/repository:Repository': 'name',
  'aws:elasticache/replicationGroup:ReplicationGroup': 'replicationGroupId',
  'aws:rds/instance:Instance': 'identifier',
  'aws:s3/bucket:Bucket': 'bucket',
  'aws:secretsmanager/secret:Secret': 'name',
};
const LOG_GROUP = 'aws:cloudwatch/logGroup:LogGroup';

/** `<type> <name>` of what a resource is the only one of; undefined where names do not clash. */
export const uniqueName = (type: string, inputs: Inputs): string | undefined => {
  const key = NAMED[type];
  return key === undefined ? undefined : `${type} ${String(inputs[key])}`;
};

/**
 * Log groups that RDS makes where they are absent, and never deletes (RDS user guide, "Publishing PostgreSQL logs to Amazon
 * CloudWatch Logs").
 */
export const madeByAws = (type: string, { identifier, enabledCloudwatchLogsExports: logs }: Inputs): string[] =>
  type === 'aws:rds/instance:Instance' && Array.isArray(logs)
    ? logs.map((log) => `${LOG_GROUP} /aws/rds/instance/${String(identifier)}/${String(log)}`)
    : [];

/** Names that stay taken after a deletion. Secrets Manager API, DeleteSecret: the recovery window; 30 days where none is given. */
export const staysTaken = (type: string, inputs: Inputs): string[] =>
  type === 'aws:secretsmanager/secret:Secret' && inputs.recoveryWindowInDays !== 0
    ? [`${type} ${String(inputs.name)}`]
    : [];

/** Why AWS refuses a deletion; undefined where it does not. */
export function refusal(type: string, inputs: Inputs, objects: number): string | undefined {
  if (inputs.deletionProtection === true || inputs.enableDeletionProtection === true) return 'deletion protection';
  if (inputs.deletionProtectionEnabled === true) return 'deletion protection';
  if (type === 'aws:s3/bucket:Bucket' && inputs.forceDestroy !== true && objects > 0) return 'objects in it';
  return undefined;
}
